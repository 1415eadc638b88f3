"""Measures the streaming path with a model of known output and realistic cost.

hwaja bench experiment streaming                 words, finals, sessions beside each other
hwaja bench experiment streaming --cpu           CPU of the path against the bare recogniser

The model detects tones (hwaja/models/conversion/tones.py) and has 80 million idle weights as
ballast. So a step costs as much as that of a Zipformer of that size.
"""

import argparse
import asyncio
import time
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from hwaja.doctor.speaking import live
from hwaja.engines.interface import Samples
from hwaja.models.conversion.tones import (
    CHUNK_FRAMES,
    FRAME_SECONDS,
    TONE_SECONDS,
    WINDOW_FRAMES,
    write_tone_model,
)
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja_bench.client import Arrival, Way, finals, texts, whole_session
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.experiments.interims import off_on_off
from hwaja_bench.processes import cpu_seconds
from hwaja_bench.server import Service, tone_server
from hwaja_bench.speech.corpus import samples_of
from hwaja_bench.stats import spread
from hwaja_bench.tones.sentences import PAUSE_SECONDS, Hummed, seeded_sentences, spoken, voices

BALLAST = 80
SESSIONS = 10

TAIL_SAMPLES = round((WINDOW_FRAMES + CHUNK_FRAMES) * FRAME_SECONDS * SAMPLE_RATE)
"""Silence with which hwaja flushes an utterance of this model, so that both get the same audio."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cpu", action="store_true")


def run(args: argparse.Namespace) -> None:
    if args.cpu:
        with TemporaryDirectory() as folder:
            write_tone_model(Path(folder), ballast=BALLAST)
            for sessions in (1, 4, SESSIONS):
                print(asyncio.run(cpu_ratio(folder, sessions)))
    else:
        over_the_wire()


def over_the_wire() -> None:
    """Print the delays of words and final texts, and whether sessions affect each other."""
    with tone_server(ballast=BALLAST) as service:
        talk = seeded_sentences(1, 20)

        def hear(way: Way) -> list[Arrival]:
            return asyncio.run(whole_session(service, voices(), spoken(talk), way))

        arrivals = off_on_off(hear, lambda found: final_delays(talk, found))
        print(f"end of word to its first appearance: {spread(word_delays(talk, arrivals))}")
        print(asyncio.run(beside_each_other(service)))


def word_ends(talk: list[Hummed]) -> list[list[float]]:
    """Return for each sentence its tones' end times, from the first sample of the stream."""
    begins = accumulate((len(s.samples) / SAMPLE_RATE + PAUSE_SECONDS for s in talk), initial=0.0)
    return [
        [begin + start + TONE_SECONDS for start in sentence.start_seconds]
        for begin, sentence in zip(begins, talk, strict=False)
    ]


def final_delays(talk: list[Hummed], arrivals: list[Arrival]) -> list[float]:
    """Return each text's delay after the end of its last tone."""
    if texts(arrivals) != [sentence.text for sentence in talk]:
        raise BenchmarkError("The texts are not what was said.")
    pairs = zip(finals(arrivals), word_ends(talk), strict=True)
    return [arrival.at_seconds - ends[-1] for arrival, ends in pairs]


def word_delays(talk: list[Hummed], arrivals: list[Arrival]) -> list[float]:
    """Return for each tone the time from its end to the first text that contains it."""
    delays = []
    for segment_id, ends in enumerate(word_ends(talk)):
        seen = [a for a in arrivals if a.message.get("segment_id") == segment_id]
        for k, end in enumerate(ends):
            first = next(a for a in seen if len(a.message["text"]) > k)
            delays.append(first.at_seconds - end)
    return delays


async def beside_each_other(service: Service) -> str:
    """Compare ten concurrent sessions' texts, at twice real time, with those of each alone."""
    talks = [spoken(seeded_sentences(100 + k, 8)) for k in range(SESSIONS)]
    alone = [texts(await whole_session(service, voices(), talk, Way(speed=0))) for talk in talks]
    ways = [Way(2, chunk_samples=1000 + 500 * k, interims=True) for k in range(SESSIONS)]
    together = await asyncio.gather(
        *(whole_session(service, voices(), *each) for each in zip(talks, ways, strict=True))
    )
    same = sum(texts(run) == text for run, text in zip(together, alone, strict=True))
    return f"{SESSIONS} sessions at once, twice real time: {same} with the text of each alone"


async def cpu_ratio(folder: str, sessions: int) -> str:
    """Compare the CPU time of pool and worker with the recogniser's own, on the same audio."""
    talks = [seeded_sentences(200 + k, 6) for k in range(sessions)]
    stream_seconds = sum(len(heard_of(s)) for t in talks for s in t) / SAMPLE_RATE
    pool = Pool(wire.Setup(folder, None, "ko"), workers=1)
    await pool.start()
    try:
        process = psutil.Process(pool.processes[0].pid)
        before = time.process_time(), cpu_seconds(process)
        await asyncio.gather(*(hear(pool, f"{k}", talk) for k, talk in enumerate(talks)))
        front = time.process_time() - before[0]
        worker = cpu_seconds(process) - before[1]
    finally:
        await pool.close()
    alone = bare(folder, talks)
    return (
        f"{sessions:2d} sessions, {stream_seconds:.0f} s of audio: front {front:.2f} s, worker"
        f" {worker:.2f} s, bare {alone:.2f} s of CPU: ratio {(front + worker) / alone:.3f};"
        f" {1000 * (front + worker) / stream_seconds:.1f} ms for a second of a stream"
    )


def heard_of(sentence: Hummed) -> Samples:
    """Return a sentence with the pause after it."""
    return samples_of(spoken([sentence]))


async def hear(pool: Pool, owner: str, talk: list[Hummed]) -> None:
    """Feed a session's utterances chunk by chunk."""
    for sentence in talk:
        samples = heard_of(sentence)
        utterance = live(owner, samples)
        for stop in range(CHUNK_SAMPLES, len(samples), CHUNK_SAMPLES):
            pool.extend(utterance, stop)
            await asyncio.sleep(0)
        heard = await pool.finish(utterance, len(samples), len(samples) / SAMPLE_RATE)
        if heard.text != sentence.text:
            raise BenchmarkError("The text is not what was said.")


def bare(folder: str, talks: list[list[Hummed]]) -> float:
    """Return the CPU seconds of sherpa-onnx on its own, one stream after the other."""
    import sherpa_onnx

    recogniser = sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=f"{folder}/tokens.txt", model=f"{folder}/model.onnx", num_threads=1
    )
    before = time.process_time()
    for sentence in (s for talk in talks for s in talk):
        samples = heard_of(sentence)
        stream = recogniser.create_stream()
        for start in range(0, len(samples), CHUNK_SAMPLES):
            stream.accept_waveform(SAMPLE_RATE, samples[start : start + CHUNK_SAMPLES].data)
            while recogniser.is_ready(stream):
                recogniser.decode_stream(stream)
        stream.accept_waveform(SAMPLE_RATE, np.zeros(TAIL_SAMPLES, np.float32).data)
        stream.input_finished()
        while recogniser.is_ready(stream):
            recogniser.decode_stream(stream)
        if recogniser.get_result(stream) != sentence.text:
            raise BenchmarkError("The text is not what was said.")
    return time.process_time() - before
