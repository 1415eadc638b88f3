"""`--overlap-model`: a whole server that extracts each voice where two people speak at once."""

import ssl
import subprocess
import sys
from pathlib import Path

import clips
import extraction_models
import numpy as np
import pytest
import streaming_models
from loopback import Address, Message
from processes import ENGLISH, Running, hwaja_serve

pytestmark = pytest.mark.models


def both_at_once() -> bytes:
    """The two voices of `clips.voices`, with other words, for 4 s."""
    one, other = (
        clips.part("beckett", 4.4, 8.4),
        clips.deepened(clips.part("two_cities", 17, 21)),
    )
    shorter = min(len(one), len(other))
    mixed = sum(np.frombuffer(each[:shorter], "<i2") // 2 for each in (one, other))
    return np.asarray(mixed, "<i2").tobytes()


async def talk(running: Running) -> list[Message]:
    trust = ssl.create_default_context(cafile=str(running.certificate))
    address = Address(int(running.url.rpartition(":")[2]), trust)
    async with address.welcomed() as peer:
        await peer.begin(details=True)
        return await peer.transcribe(clips.silence(0.5) + both_at_once() + clips.silence(1))


@pytest.mark.parametrize("extracts", [True, False])
async def test_where_two_speak_at_once_each_gets_a_text(extracts: bool, tmp_path: Path) -> None:
    """The small model extracts nothing, so both texts are the same. Without one, there is one."""
    folder = extraction_models.write(tmp_path / "extraction")
    options = ("--overlap-model", str(folder)) if extracts else ()
    with hwaja_serve(tmp_path, "--port", "0", *ENGLISH, *options) as running:
        answers = await talk(running)
    shared = [each for each in answers if each["label"] == "overlap"]
    assert shared, "the model of overlaps hears two voices"
    ids = [[who["speaker_id"] for who in each["speakers"]] for each in shared]
    if not extracts:
        assert set(map(tuple, ids)) == {(0, 1)}
        return
    assert set(map(tuple, ids)) == {(0,), (1,)}
    starts = {each["start_seconds"] for each in shared}
    for start in starts:
        at_once = [each for each in shared if each["start_seconds"] == start]
        assert sorted(each["speaker_id"] for each in at_once) == [0, 1]
        assert len({each["text"] for each in at_once}) == 1


def test_a_recogniser_that_streams_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = extraction_models.write(tmp_path / "extraction")
    streaming = tmp_path / "streaming"
    streaming.mkdir()
    model = streaming_models.write("zipformer2", streaming)
    command = [sys.executable, "-m", "hwaja", "serve", "--dev-cert", "--port", "0"]
    options = ["--asr-model", str(model), "--overlap-model", str(folder)]
    ended = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert "overlap_model needs a recogniser of whole utterances" in ended.stderr + ended.stdout
