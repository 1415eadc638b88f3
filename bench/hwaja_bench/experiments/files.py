"""Measures how fast and how well a file is transcribed, and how long live clients wait beside it.

hwaja bench experiment files ../shared/speech
hwaja bench experiment files ../shared/speech --live 4 --live-seconds 120 --real-time

First, the dialogue of all rooms is sent as one FLAC file with the voices of its speakers, and the
experiment reports the speed, the error rate and the processor time. With `--real-time`, the same
dialogue is then played in real time, for comparison. Last, live clients talk twice: alone, and
while one file after another is transcribed.
"""

import argparse
import asyncio
import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from hwaja.cli.upload import Field, Form, send
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.arguments import add_serve
from hwaja_bench.client import Arrival, Way, whole_session
from hwaja_bench.experiments.dialogue import report
from hwaja_bench.load.playing import Transcript, play
from hwaja_bench.load.talk import Talk, talks
from hwaja_bench.processes import look, spent
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.dialogue import Dialogue, load_dialogue
from hwaja_bench.speech.index import ROOMS, korean, load_speech
from hwaja_bench.stats import spread

PAUSE_SECONDS = 0.7
STAGGER_SECONDS = 1.3
"""Time between two live clients' starts."""


def whole_dialogue(speech: Path) -> Dialogue:
    """Return the dialogues of all rooms, which have the same speakers, as one."""
    first, *others = (load_dialogue(speech, room) for room in ROOMS)
    for other in others:
        shift = first.seconds
        placed = [
            replace(
                each,
                start_seconds=each.start_seconds + shift,
                end_seconds=each.end_seconds + shift,
                speech_end_seconds=each.speech_end_seconds + shift,
            )
            for each in other.placed
        ]
        first = replace(first, pcm=first.pcm + other.pcm, placed=(*first.placed, *placed))
    return first


def flac(pcm: bytes) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.frombuffer(pcm, "<i2"), SAMPLE_RATE, format="FLAC")
    return file.getvalue()


class Upload:
    """A dialogue as files."""

    def __init__(self, dialogue: Dialogue, folder: Path) -> None:
        self._voices = [folder / f"voice{number}.flac" for number in range(2)]
        self._talk = folder / "talk.flac"
        for file, pcm in zip(self._voices, dialogue.voices, strict=True):
            file.write_bytes(flac(pcm))
        self._talk.write_bytes(flac(dialogue.pcm))

    async def send(self, service: Service) -> list[Arrival]:
        """Have the server transcribe it; return the utterances as messages."""
        fields = [Field("details", "true"), *(Field("voice", file) for file in self._voices)]
        form = Form([*fields, Field("file", self._talk)])
        sending = (service.url, "/v1/transcripts", service.tls, None, form, lambda *_: None)
        found = json.loads(await asyncio.to_thread(send, *sending))
        return [Arrival({"type": "transcription", **each}, 0.0) for each in found["utterances"]]


async def measure_alone(service: Service, dialogue: Dialogue, upload: Upload) -> None:
    await upload.send(service)  # the language model has loaded, and the caches are warm
    before, began = look(service), time.monotonic()
    found = await upload.send(service)
    took_seconds = time.monotonic() - began
    used = spent(before, look(service), 0.0)
    shares = ", ".join(f"{name} {used[name] / took_seconds:.0%}" for name in sorted(used))
    print(f"file of {dialogue.seconds:.0f} s: {took_seconds:.1f} s,", end=" ")
    print(f"{dialogue.seconds / took_seconds:.1f} times real time")
    print(f"  share of a core: {shares}")
    print(f"  {report(dialogue, found, timed=False, show=False)}")


async def measure_live(service: Service, live: Sequence[Talk], upload: Upload | None) -> None:
    transcripts = [Transcript(STAGGER_SECONDS * number) for number in range(len(live))]

    async def client(number: int) -> None:
        await asyncio.sleep(transcripts[number].began_seconds)
        await play(service, live[number], transcripts[number], interims=False)

    files, began = 0, time.monotonic()
    playing = asyncio.gather(*map(client, range(len(live))))
    while upload is not None and not playing.done():
        await upload.send(service)  # the last one may go on after the talk
        files += 1
    await playing
    delays = [final.delay_seconds for each in transcripts for final in each.finals]
    beside = (
        "alone" if upload is None else f"beside files ({files} in {time.monotonic() - began:.0f} s)"
    )
    print(f"{len(live)} live clients {beside}: {len(delays)} texts, delay {spread(delays)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--live", type=int, default=2, help="live clients")
    parser.add_argument("--live-seconds", type=float, default=60.0)
    parser.add_argument("--real-time", action="store_true", help="play the file in real time, too")
    parser.add_argument("--seed", type=int, default=0)
    add_serve(parser)


def run(asked: argparse.Namespace) -> None:
    dialogue = whole_dialogue(asked.speech)
    clips = load_speech(asked.speech, korean(asked.speech), ROOMS)
    live = talks(clips, asked.live, asked.live_seconds, PAUSE_SECONDS, asked.seed)
    with TemporaryDirectory() as folder, running_server(*asked.serve) as service:
        upload = Upload(dialogue, Path(folder))
        asyncio.run(measure_alone(service, dialogue, upload))
        if asked.real_time:
            found = asyncio.run(whole_session(service, dialogue.voices, dialogue.pcm, Way()))
            print(f"in real time\n  {report(dialogue, found, timed=True, show=False)}")
        for beside in (None, upload) if live else ():
            asyncio.run(measure_live(service, live, beside))
