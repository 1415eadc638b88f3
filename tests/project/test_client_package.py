"""`hwaja-client`: the client of hwaja as a wheel of its own, from the same source."""

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import clips
import numpy as np
import pytest
import soundfile
from loopback import PATIENCE_SECONDS, Endpoint
from pages import ROOT

from hwaja import __version__
from hwaja.protocol.audio import SAMPLE_RATE

FOLDER = ROOT / "packages" / "client"

PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]

PROGRAM = """
import asyncio, sys
wheel, url, certificate, sound = sys.argv[1:]
sys.path.insert(0, wheel)
sys.modules["hwaja"] = sys.modules["soundfile"] = None  # neither is there
import numpy as np
from hwaja_client import connect

async def main():
    async with connect(url, cafile=certificate) as client:
        read = await client.enrol(0, sound)
        pcm = np.frombuffer(open(sound, "rb").read()[44:], "<i2")
        again = await client.enrol(0, pcm.astype(np.float32) / 32768)
        assert read == again
        print([warning.reason.value for warning in read.quality.warnings])

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    assert list(folder.iterdir()) == [built]
    return built


def test_the_wheel_has_the_version_of_hwaja_and_names_no_other_package_of_it(wheel: Path) -> None:
    assert wheel.name == f"hwaja_client-{__version__}-py3-none-any.whl"
    with ZipFile(wheel) as content:
        sources = [name for name in content.namelist() if name.endswith(".py")]
        texts = [content.read(name).decode() for name in sources]
    assert all(name.startswith("hwaja_client/") for name in sources)
    imports = [line for text in texts for line in re.findall(r"^\s*(?:from|import) .*", text, re.M)]
    assert [line for line in imports if re.search(r"\bhwaja\b", line)] == []


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_a_program_enrols_with_the_wheel_alone(
    wheel: Path, endpoint: Endpoint, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """A WAV file without soundfile, and reals of NumPy; the quality says what could be better."""
    sound = tmp_path / "voice.wav"
    soundfile.write(sound, np.frombuffer(clips.voices()[0], "<i2"), SAMPLE_RATE)
    arguments = [str(each) for each in (wheel, endpoint.url, certificate[0], sound)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert "little_speech" in out.decode()


def test_the_package_needs_no_more_than_hwaja_and_the_same_versions() -> None:
    product = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(PROJECT["dependencies"]) <= set(product["dependencies"])
    extras = product["optional-dependencies"]
    assert PROJECT["optional-dependencies"]["files"] == extras["client"]
