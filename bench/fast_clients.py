"""Clients that cost much beside clients that talk: who is answered, and who is let in.

python bench/fast_clients.py ../shared/speech --fast 8 --speed 10
python bench/fast_clients.py ../shared/speech --live 9 --fast 1 --dear 1

The fast ones know the specification only and have the defaults of the websockets library, whose
keepalive gives a server up that does not answer a ping within 20 s. The live ones ask for interim
texts, and so do the dear ones, whose two voices take turns each second. Meanwhile `/readyz` and
`/metrics` are read: would a newcomer be refused, how late are answers, what is left out. It ends
after `--limit-seconds` at the latest; the clips and their order come from `--seed`.
"""

import argparse
import asyncio
import json
import ssl
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hwaja.benchmark.corpus import Clip, load_corpus
from hwaja.benchmark.load.client import Told, play
from hwaja.benchmark.load.scraping import scrape
from hwaja.benchmark.load.talk import Talk, talks
from hwaja.benchmark.serving import Service, peak_bytes, running_server
from hwaja.client.sound_files import paced
from hwaja.protocol.audio import SAMPLE_RATE
from speech_index import ROOMS, korean

LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.7
TURN_SECONDS = 1.0
"""Of a voice of a dear client."""


@dataclass
class File:
    """What became of a file that was sent fast."""

    seconds: float
    answered_seconds: float = 0.0
    texts: int = 0
    code: int | None = None
    """With which the connection ended; None: it was still open."""
    took_seconds: float | None = None
    """Until it was answered whole."""


@dataclass
class Looks:
    """What was seen of the server, again and again."""

    count: int = 0
    refusals: int = 0
    """How often a newcomer would have been turned away because answers are late."""
    lags_seconds: list[float] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


async def send_file(service: Service, talk: Talk, speed: float, file: File) -> None:
    """Send a file as a client does that knows nothing of this server."""
    tls = ssl.create_default_context(cafile=str(service.cafile))
    try:
        async with connect(service.url, ssl=tls, proxy=None) as websocket:
            await _send_file(websocket, talk, speed, file)
            await websocket.close()
            file.code = websocket.close_code
    except ConnectionClosed as closed:  # the client's own code, where it has given up
        frame = closed.sent or closed.rcvd
        file.code = None if frame is None else frame.code


async def _send_file(websocket: ClientConnection, talk: Talk, speed: float, file: File) -> None:
    await _hear(websocket, "model_loaded", file)
    for speaker_id, voice in enumerate(talk.voices):
        named = {"speaker_id": speaker_id}
        await websocket.send(json.dumps({"type": "start_speaker_registration", **named}))
        async for chunk in paced(voice, speed):
            await websocket.send(chunk)
        await websocket.send(json.dumps({"type": "complete_speaker_registration", **named}))
        await _hear(websocket, "speaker_registration_completed", file)
    await websocket.send(json.dumps({"type": "start_transcription"}))
    began = time.monotonic()

    async def stream() -> None:
        async for chunk in paced(talk.pcm, speed):
            await websocket.send(chunk)
        await websocket.send(json.dumps({"type": "stop_transcription"}))

    sending = asyncio.create_task(stream())
    try:
        stopped = await _hear(websocket, "transcription_stopped", file)
        file.answered_seconds = stopped["audio_seconds"]
        file.took_seconds = time.monotonic() - began
        await sending
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _hear(websocket: ClientConnection, kind: str, file: File) -> dict[str, float]:
    while True:
        message = json.loads(await websocket.recv())
        file.texts += message["type"] == "transcription"
        if message["type"] == kind:
            return dict(message)
        assert message["type"] != "error", message


def readiness(service: Service) -> str:
    """Return what `/readyz` says."""
    trust = ssl.create_default_context(cafile=str(service.cafile))
    address = f"https://localhost:{service.port}/readyz"
    try:
        with urllib.request.urlopen(address, context=trust) as answer:
            return bytes(answer.read()).decode()
    except urllib.error.HTTPError as refused:
        return refused.read().decode()


def values(exposition: str, name: str) -> dict[str, float]:
    """Return the values of a metric by its label; one without a label has an empty one."""
    families = text_string_to_metric_families(exposition)
    samples = (sample for family in families for sample in family.samples if sample.name == name)
    return {"".join(sample.labels.values()): sample.value for sample in samples}


async def watch(service: Service, looks: Looks) -> None:
    """Look at the server until cancelled."""
    while True:
        exposition = await asyncio.to_thread(scrape, service)
        looks.count += 1
        looks.refusals += "answers come late" in await asyncio.to_thread(readiness, service)
        looks.lags_seconds += values(exposition, "hwaja_lag_seconds").values()
        left_out = values(exposition, "hwaja_left_out")
        looks.left_out.update(what for what, is_left_out in left_out.items() if is_left_out)
        await asyncio.sleep(LOOK_SECONDS)


async def until_ready(service: Service) -> float:
    """Return how long it takes until a newcomer would be let in."""
    began = time.monotonic()
    while await asyncio.to_thread(readiness, service) != "ready\n":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return time.monotonic() - began


def alternating(talk: Talk) -> Talk:
    """Return a talk whose two voices take turns each second, without a pause."""
    pcm = np.frombuffer(talk.pcm, np.int16)
    turn = round(TURN_SECONDS * SAMPLE_RATE)
    voices = [
        np.concatenate([pcm[slice(*_samples(span))] for span in talk.spans_seconds[side::2]])
        for side in (0, 1)
    ]
    turns = min(map(len, voices)) // turn
    both = np.stack([voice[: turns * turn].reshape(turns, turn) for voice in voices], axis=1)
    seconds = 2 * turns * TURN_SECONDS
    return replace(talk, pcm=both.tobytes(), spans_seconds=((0.0, seconds),))


def _samples(span_seconds: tuple[float, float]) -> tuple[int, int]:
    start, end = span_seconds
    return round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)


async def measure(
    service: Service,
    live: Sequence[Talk],
    dear: Sequence[Talk],
    fast: Sequence[Talk],
    asked: argparse.Namespace,
) -> None:
    files = [File(len(talk.pcm) / 2 / SAMPLE_RATE) for talk in fast]
    told, dearly = [Told(0.0) for _ in live], [Told(0.0) for _ in dear]
    looks = Looks()
    watching = asyncio.create_task(watch(service, looks))
    playing = [
        asyncio.create_task(play(service, talk, each, interims=True))
        for talk, each in zip([*live, *dear], [*told, *dearly], strict=True)
    ]
    sending = [
        asyncio.create_task(send_file(service, talk, asked.speed, file))
        for talk, file in zip(fast, files, strict=True)
    ]
    began = time.monotonic()
    done, open_ = await asyncio.wait([*playing, *sending], timeout=asked.limit_seconds)
    took = time.monotonic() - began
    watching.cancel()
    for task in open_:
        task.cancel()
    await asyncio.gather(*open_, return_exceptions=True)
    ready_seconds = await until_ready(service)
    for task in done:
        if (error := task.exception()) is not None:
            print(f"a client failed: {type(error).__name__}: {error}")
    print(f"{asked.fast} fast at {asked.speed:g} times, {asked.live} live: {took:.0f} s")
    tell_files(files)
    tell_speakers("live", told)
    tell_speakers("dear", dearly)
    tell_looks(looks)
    print(f"empty server lets in after {ready_seconds:.2f} s")
    print(f"memory of the front at most: {peak_bytes(service.process.pid) / 2**20:.0f} MiB")


def tell_files(files: Sequence[File]) -> None:
    whole = [file for file in files if abs(file.answered_seconds - file.seconds) < 0.1]
    print(
        f"files answered whole: {len(whole)} of {len(files)}, of {files[0].seconds:.0f} s each"
        if files
        else "no files"
    )
    print(f"  close codes: {dict(Counter(str(file.code) for file in files))}")
    print(f"  texts: {[file.texts for file in files]}")
    took = [round(file.took_seconds) for file in files if file.took_seconds]
    print(f"  seconds until whole: {took}")


def tell_speakers(name: str, told: Sequence[Told]) -> None:
    delays = [final.delay_seconds for each in told for final in each.finals]
    if delays:
        p50, p95 = np.percentile(delays, [50, 95])
        print(f"{name}: {len(delays)} texts, delay p50 {p50:.2f}, p95 {p95:.2f} s")
        away = sum(each.turned_away for each in told)
        interims = [each.interims for each in told]
        errors = [each.errors for each in told]
        print(f"  interims {interims}, errors {errors}, turned away {away}")


def tell_looks(looks: Looks) -> None:
    print(f"looks: {looks.count}, a newcomer refused in {looks.refusals}")
    print(f"  lag: max {max(looks.lags_seconds):.1f} s, mean {np.mean(looks.lags_seconds):.1f} s")
    print(f"  left out, in looks: {dict(looks.left_out)}")


def clips_of(speech: Path) -> list[Clip]:
    with TemporaryDirectory() as folder:
        index = Path(folder, "index.json")
        index.write_text(json.dumps(list(korean(speech))), encoding="utf-8")
        return load_corpus(speech, index, ROOMS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--fast", type=int, default=8)
    parser.add_argument("--fast-seconds", type=float, default=90.0)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--live", type=int, default=2)
    parser.add_argument("--dear", type=int, default=0)
    parser.add_argument("--live-seconds", type=float, default=60.0)
    parser.add_argument("--limit-seconds", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    clips = clips_of(asked.speech)
    live = talks(clips, asked.live, asked.live_seconds, PAUSE_SECONDS, asked.seed)
    fast = talks(clips, asked.fast, asked.fast_seconds, PAUSE_SECONDS, asked.seed + 1)
    of_both = talks(clips, asked.dear, 2 * asked.live_seconds, PAUSE_SECONDS, asked.seed + 2)
    dear = [alternating(talk) for talk in of_both]
    clients = asked.fast + asked.live + asked.dear
    with running_server("--max-connections", str(clients + 2)) as service:
        asyncio.run(measure(service, live, dear, fast, asked))
        cpu_seconds = service.cpu_seconds()
    print(f"CPU of the server: {cpu_seconds:.1f} s")


if __name__ == "__main__":
    main()
