"""Workers on other machines load the models of the server, or say which one they lack."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from hwaja.engines.interface import EngineError
from hwaja.workers.transport import wire
from hwaja.workers.transport.model_origin import located, with_origin


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> wire.Setup:
    """A setup of the server, whose models are partly in its cache."""
    cache = tmp_path / "server"
    for name in ("cache/asr/model.bin", "cache/voice/voice.onnx", "own/segments.onnx"):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_text(name)
    (cache / "cache/asr/provenance.json").write_text("pulled at noon")
    monkeypatch.setenv("HWAJA_CACHE", str(cache / "cache"))
    voices = wire.VoiceModels(f"{cache}/cache/voice/voice.onnx", f"{cache}/own/segments.onnx")
    return with_origin(wire.Setup(f"{cache}/cache/asr", voices, "ko"))


@pytest.fixture
def move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Goes to a machine with another cache folder, which it returns."""

    def moved() -> Path:
        there = tmp_path / "engine"
        shutil.copytree(tmp_path / "server" / "cache", there)
        (there / "asr" / "provenance.json").write_text("pulled at night")
        monkeypatch.setenv("HWAJA_CACHE", str(there))
        return there

    return moved


def test_models_of_the_cache_are_found_in_the_cache_of_the_other_machine(
    here: wire.Setup, move: Callable[[], Path]
) -> None:
    assert here.origin is not None
    assert here.voices is not None
    there = move()
    assert located(here, here.origin) == replace(
        here,
        recogniser_dir=str(there / "asr"),
        voices=wire.VoiceModels(str(there / "voice" / "voice.onnx"), here.voices.segmenter_file),
        origin=None,
    )


@pytest.mark.parametrize("name", ["asr/model.bin", "asr/vocabulary.txt", "voice/voice.onnx"])
def test_another_model_is_refused(name: str, here: wire.Setup, move: Callable[[], Path]) -> None:
    assert here.origin is not None
    (move() / name).write_text("another")
    with pytest.raises(EngineError, match=f"{name.split('/')[0]}.* is not that of the server"):
        located(here, here.origin)


@pytest.mark.parametrize("name", ["asr", "voice/voice.onnx"])
def test_a_missing_model_is_named(name: str, here: wire.Setup, move: Callable[[], Path]) -> None:
    assert here.origin is not None
    place = move() / name
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(EngineError, match=f"has no model .*/engine/{name}"):
        located(here, here.origin)


def test_a_worker_beside_the_server_uses_the_files_and_the_processor_of_the_server(
    here: wire.Setup,
) -> None:
    """Other machines may have a GPU."""
    assert replace(here, provider="cuda").beside_server == replace(here, origin=None)
    local = wire.Setup("/asr", None, "ko", provider="cuda")
    assert local.beside_server == local
