"""Checks the files of an offline model for sherpa-onnx."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import BEAM_SEARCH, check_method
from hwaja.engines.model_checks.model_files import Model
from hwaja.engines.model_checks.offline_checks import Parts
from hwaja.engines.model_checks.offline_forms import Family
from hwaja.engines.sherpa.hotwords import HotwordUnits, hotword_units


@dataclass(frozen=True, slots=True)
class OfflineExport:
    """A checked offline model."""

    family: Family
    files: Mapping[str, Path]
    """Model files, and the folder of a tokenizer, by the constructor's parameter names."""
    settings: Mapping[str, object]
    """Further constructor parameters."""
    languages: Mapping[str, str]
    """sherpa-onnx's name of each language, by its code; empty where the model offers no choice."""
    hotwords: HotwordUnits | None
    """Units of hotwords; None where the decoding method does not support hotwords."""


def open_offline(
    folder: Path,
    models: Mapping[str, Model],
    families: tuple[Family, ...],
    decoding_method: str,
) -> OfflineExport:
    """Check an offline model.

    Args:
        folder: its folder, for the other files.
        models: its ONNX files by the constructor's parameter names.
        families: those that have such files.
        decoding_method: sherpa-onnx's name of the decoding method.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    first = next(iter(models.values()))
    family = next((family for family in families if family.has_sign(first)), None)
    if family is None:
        raise EngineError(f"{first.path} is of no family of models that hwaja knows.")
    check_method(folder, decoding_method, family.methods)
    numbers = {part: form.check(models[part]) for part, form in family.forms.items()}
    checked = family.check(Parts(folder, models, numbers))
    units = None
    if decoding_method == BEAM_SEARCH and checked.tokens is not None:
        units = hotword_units(checked.tokens.tokens.values(), folder)
    files = {
        family.parameter if part == "model" else part: model.path for part, model in models.items()
    }
    files |= checked.files
    return OfflineExport(family, files, checked.settings, checked.languages, units)
