"""What `deploy/` holds, read as those programs read it that it is for."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def unit() -> dict[str, list[str]]:
    """The settings of the systemd unit, each with all its values; an empty one takes back."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / "hwaja.service").read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            settings.setdefault(name, []).append(value)
    return settings


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with their continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def last_stage() -> list[tuple[str, str]]:
    """The instructions that make the image that is run."""
    instructions = dockerfile()
    last = max(k for k, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last:]


class _ComposeLoader(yaml.SafeLoader):
    """Reads what compose adds to YAML, too."""


_ComposeLoader.add_constructor("!override", _ComposeLoader.construct_yaml_seq)


def compose(file: str = "compose.yaml") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((DEPLOY / file).read_text(), _ComposeLoader)  # noqa: S506
    return loaded


def pinned(file: str) -> dict[str, tuple[str, str, int]]:
    """What a lock file has of each project: its version, where it is for, how many digests."""
    text = (DEPLOY / file).read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [
        re.fullmatch(
            r"([a-z0-9-]+)==(\S+)(?: ; (.+?))?((?: +--hash=sha256:[0-9a-f]{64})+)", line.strip()
        )
        for line in lines
    ]
    assert all(found)
    return {each[1]: (each[2], each[3] or "", each[4].count("sha256")) for each in found if each}


def variables(text: str) -> set[str]:
    """Every variable of hwaja that a text names."""
    return set(re.findall(r"\bHWAJA_[A-Z_]+\b", text))
