"""sherpa-onnx on the installed onnxruntime: equal results, and errors instead of crashes."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

import hwaja
from hwaja.engines import runtime
from hwaja.engines.interface import EngineError

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the shim is for Linux")


HEAR = """
import json, sys
from hwaja.engines import runtime
if sys.argv[1] == "installed":
    runtime.put_below_sherpa()
import clips
from hwaja.engines import loading
from hwaja.engines.interface import Utterance
from hwaja.models import locate
speech = clips.samples(clips.part("beckett", 4.4, 9.9))
recognisers = [loading.load_recogniser(locate(name), "en") for name in sys.argv[2:]]
embedder = loading.SpeakerEmbedder(locate("campplus") / "campplus.onnx")
print(json.dumps({
    "version": loading.ONNXRUNTIME_VERSION,
    "texts": [recogniser.recognise(Utterance(speech)).text for recogniser in recognisers],
    "voice": embedder.embed(speech)[0].tolist(),
}))
"""


def heard_on(library: str) -> Any:
    """The text that a separate process recognises on the onnxruntime "sherpa" or "installed"."""
    models = ["moonshine-tiny-en", "whisper-base"]
    command = [sys.executable, "-c", HEAR, library, *models]
    folder = Path(__file__).parents[1] / "support"  # `clips` lies there
    ended = subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    return json.loads(ended.stdout.splitlines()[-1])


@LINUX
@pytest.mark.models
def test_sherpa_onnx_gives_the_same_text_on_the_installed_onnxruntime_as_on_its_own() -> None:
    own, installed = heard_on("sherpa"), heard_on("installed")
    assert installed["version"] == onnxruntime.__version__ != own["version"]
    assert installed["texts"] == own["texts"]
    assert all("fail better" in text.lower() for text in own["texts"])
    np.testing.assert_allclose(installed["voice"], own["voice"], atol=1e-4)
    assert np.abs(own["voice"]).max() > 0.5


@LINUX
def test_the_shim_is_part_of_the_package() -> None:
    """`make` builds it, and the wheel contains it."""
    assert (Path(hwaja.__file__).parent / "libhwaja_shim.so").is_file()


def library(kind: str, folder: Path) -> Path:
    if kind == "no library":
        (folder / "library.so").write_text("nothing useful")
    return Path(hwaja._pcm.__file__) if kind == "another library" else folder / "library.so"


@pytest.mark.parametrize("kind", ["missing", "no library", "another library"])
def test_a_shim_that_cannot_be_loaded_is_an_error_and_not_a_crash(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = library(kind, tmp_path)
    monkeypatch.setattr(runtime, "_SHIM", file)
    with pytest.raises(EngineError, match=r"^sherpa-onnx cannot be put on onnxruntime: ") as caught:
        runtime.put_below_sherpa()
    assert str(file) in str(caught.value)


def test_a_wheel_without_its_library_is_an_error_and_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(EngineError, match=rf"cannot be put on onnxruntime: {tmp_path}/capi/lib"):
        runtime.put_below_sherpa()


def test_an_outdated_onnxruntime_is_refused_before_it_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onnxruntime, "__version__", "1.27.1")
    with pytest.raises(EngineError) as caught:
        runtime.put_below_sherpa()
    assert str(caught.value) == "onnxruntime 1.27.1 is too old for sherpa-onnx: it needs 1.28."


def test_two_onnxruntime_wheels_at_once_are_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "onnxruntime_gpu-1.31.1.dist-info" / "METADATA"
    record.parent.mkdir()
    record.write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.31.1\n")
    runtime.import_onnxruntime()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineError) as caught:
        runtime.import_onnxruntime()
    assert str(caught.value) == (
        "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; "
        "uninstall both, then install hwaja[cpu] or hwaja[gpu]."
    )


@pytest.mark.parametrize("left", [None, "a folder"])
def test_a_missing_or_partly_removed_onnxruntime_is_an_error_that_says_what_to_install(
    left: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip leaves a folder behind where the removed wheel had overwritten files of another."""
    monkeypatch.delitem(sys.modules, "onnxruntime")
    if left:
        (tmp_path / "onnxruntime").mkdir()
        (tmp_path / "onnxruntime" / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(tmp_path))
    else:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match=r"^onnxruntime is not installed; install hwaja\[cpu\] "):
        runtime.import_onnxruntime()


def test_cublas_is_loaded_from_pips_package_before_the_linker_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []
    package = SimpleNamespace(locate_file=lambda name: tmp_path / name)
    monkeypatch.setattr(runtime.metadata, "distribution", lambda _: package)
    monkeypatch.setattr(runtime.ctypes, "CDLL", lambda name, _: loaded.append(Path(name)))
    runtime.load_cublas()
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    assert loaded == [folder / "libcublasLt.so.12", folder / "libcublas.so.12"]


def test_without_cublas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_CUBLAS", ("libnone.so.12",))
    with pytest.raises(EngineError, match=r"^[^\n]*libnone\.so\.12[^\n]*install hwaja\[gpu\]\.$"):
        runtime.load_cublas()
