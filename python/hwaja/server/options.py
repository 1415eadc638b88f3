"""What an option of `Config` has for a person: its group, description, unit and default."""

import dataclasses
from functools import partial
from typing import Any

from hwaja.language import Language, Text, chooser


def _option(group: Text, default: Any, english: str, korean: str) -> Any:
    metadata = {"group": group, "description": Text(english, korean)}
    return dataclasses.field(default=default, metadata=metadata)


# The groups of options, in the order of `Config` and of `hwaja serve --help`.
network = partial(_option, Text("network and certificate", "네트워크와 인증서"))
access = partial(_option, Text("access and privacy", "접속과 개인정보"))
engines = partial(_option, Text("engines and text", "엔진과 텍스트"))
speech = partial(_option, Text("audio and speakers", "오디오와 화자"))
limits = partial(_option, Text("limits", "제한"))
fleet = partial(_option, Text("stopping, and several servers", "종료와 여러 서버"))
observability = partial(_option, Text("observability", "관측"))


def group_of(option: dataclasses.Field[Any]) -> Text:
    """Return the title of an option's group."""
    group: Text = option.metadata["group"]
    return group


def description_of(option: dataclasses.Field[Any]) -> Text:
    """Return what an option is for."""
    description: Text = option.metadata["description"]
    return description


def unit_of(option: dataclasses.Field[Any]) -> str:
    """Return in what the value of an option is given, in capitals: SECONDS, FILE, and so on."""
    suffix, kinds = option.name.rpartition("_")[2], str(option.type)
    if suffix in ("seconds", "days", "bytes"):
        return suffix.upper()
    if "Path" in kinds:
        return "FOLDER" if suffix == "dir" else "FILE"
    return "NUMBER" if "int" in kinds or "float" in kinds else "TEXT"


def default_of(option: dataclasses.Field[Any], language: Language) -> str:
    """Return the default of an option in words."""
    text = chooser(language)
    if isinstance(option.default, bool):
        return text("on", "켬") if option.default else text("off", "끔")
    if option.default in (None, ""):
        return text("none", "없음")
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)
