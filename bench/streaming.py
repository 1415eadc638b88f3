"""The streaming path with a model whose answers are known and whose cost is that of a real one.

python bench/streaming.py                 words, finals, sessions beside each other
python bench/streaming.py --cpu           CPU of the path against the bare recogniser
python bench/streaming.py --kill          workers killed every 2 s while somebody speaks

The model hears tones (hwaja/models/tones.py), with 80 million idle weights as ballast: a step
costs what one of a Zipformer of that size does.
"""

import argparse
import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import killed_worker
from corpus import Dialogue
from hwaja.benchmark.serving import Service, cpu_seconds, running_server
from hwaja.doctor.speaking import live
from hwaja.models.tones import (
    CHUNK_FRAMES,
    FRAME_SECONDS,
    WINDOW_FRAMES,
    write_tone_model,
)
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE
from hwaja.workers import wire
from hwaja.workers.pool import Pool
from service import Arrival, answers
from tone_dialogue import Sentence, sentences, voices

BALLAST = 80
SESSIONS = 10

TAIL_SAMPLES = round((WINDOW_FRAMES + CHUNK_FRAMES) * FRAME_SECONDS * SAMPLE_RATE)
"""The silence that hwaja flushes an utterance of this model with, so that both hear the same."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--kill", action="store_true")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder), ballast=BALLAST)
        if args.cpu:
            for sessions in (1, 4, SESSIONS):
                print(asyncio.run(cpu_ratio(folder, sessions)))
        elif args.kill:
            with running_server("--asr-model", folder) as service:
                asyncio.run(killed_worker.compare(service, dialogue_of(sentences(60, seed=1))))
        else:
            over_the_wire(folder)


def over_the_wire(folder: str) -> None:
    """Print how soon words and finals come, and whether sessions disturb each other."""
    with running_server("--asr-model", folder) as service:
        talk = sentences(20, seed=1)
        runs = [
            asyncio.run(answers(service, dialogue_of(talk), speed=1, interims=wanted))
            for wanted in (False, True, False)
        ]
        off = np.mean([final_delays(talk, runs[k]) for k in (0, 2)], axis=0)
        on = np.array(final_delays(talk, runs[1]))
        print(f"final delay p50, p95: interims off {off.round(3)} on {on.round(3)}")
        print("ratio on / off: p50 {:.3f} p95 {:.3f}".format(*(on / off)))
        p50, p95 = np.percentile(word_delays(talk, runs[1]), [50, 95])
        print(f"end of word to its first appearance: p50 {p50:.2f} s p95 {p95:.2f} s")
        print(asyncio.run(beside_each_other(service)))


def dialogue_of(talk: list[Sentence]) -> Dialogue:
    return Dialogue(voices(), np.concatenate([s.pcm for s in talk]).tobytes(), ())


def texts(arrivals: list[Arrival]) -> list[str]:
    return [a.message["text"] for a in arrivals if a.message["type"] == "transcription"]


def final_delays(talk: list[Sentence], arrivals: list[Arrival]) -> tuple[float, float]:
    """Return the median and the 95th percentile, from the end of the last tone."""
    finals = [a for a in arrivals if a.message["type"] == "transcription"]
    if texts(arrivals) != [s.text for s in talk]:
        raise RuntimeError("the texts are not what was said")
    delays = [a.at_seconds - s.word_ends_seconds[-1] for a, s in zip(finals, talk, strict=True)]
    p50, p95 = np.percentile(delays, [50, 95])
    return float(p50), float(p95)


def word_delays(talk: list[Sentence], arrivals: list[Arrival]) -> list[float]:
    """Return for each tone the time from its end to the first text that has it."""
    delays = []
    for segment_id, sentence in enumerate(talk):
        seen = [a for a in arrivals if a.message.get("segment_id") == segment_id]
        for k, end in enumerate(sentence.word_ends_seconds):
            first = next(a for a in seen if len(a.message["text"]) > k)
            delays.append(first.at_seconds - end)
    return delays


async def beside_each_other(service: Service) -> str:
    """Compare what ten sessions get at once, twice as fast as real time, with each alone."""
    talks = [dialogue_of(sentences(8, seed=100 + k)) for k in range(SESSIONS)]
    alone = [texts(await answers(service, talk, speed=0)) for talk in talks]
    together = await asyncio.gather(
        *(
            answers(service, talk, speed=2, chunk_samples=1000 + 500 * k, interims=True)
            for k, talk in enumerate(talks)
        )
    )
    same = sum(texts(run) == text for run, text in zip(together, alone, strict=True))
    return f"{SESSIONS} sessions at once, twice real time: {same} with the text of each alone"


async def cpu_ratio(folder: str, sessions: int) -> str:
    """Compare the CPU of pool and worker with that of the recogniser alone, on the same audio."""
    talks = [sentences(6, seed=200 + k) for k in range(sessions)]
    stream_seconds = sum(len(s.pcm) for t in talks for s in t) / SAMPLE_RATE
    pool = Pool(wire.Setup(folder, None, "ko"), workers=1)
    await pool.start()
    try:
        before = time.process_time(), cpu_seconds(pool.processes[0].pid)
        await asyncio.gather(*(hear(pool, f"{k}", talk) for k, talk in enumerate(talks)))
        front = time.process_time() - before[0]
        worker = cpu_seconds(pool.processes[0].pid) - before[1]
    finally:
        await pool.close()
    alone = bare(folder, talks)
    return (
        f"{sessions:2d} sessions, {stream_seconds:.0f} s of audio: front {front:.2f} s, worker"
        f" {worker:.2f} s, bare {alone:.2f} s of CPU: ratio {(front + worker) / alone:.3f};"
        f" {1000 * (front + worker) / stream_seconds:.1f} ms for a second of a stream"
    )


async def hear(pool: Pool, owner: str, talk: list[Sentence]) -> None:
    """Have a session's utterances heard, chunk by chunk."""
    for sentence in talk:
        samples = sentence.pcm.astype(np.float32) / 32768
        utterance = live(owner, samples)
        for stop in range(CHUNK_SAMPLES, len(samples), CHUNK_SAMPLES):
            pool.extend(utterance, stop)
            await asyncio.sleep(0)
        heard = await pool.finish(utterance, len(samples), len(samples) / SAMPLE_RATE)
        if heard.text != sentence.text:
            raise RuntimeError("the text is not what was said")


def bare(folder: str, talks: list[list[Sentence]]) -> float:
    """Return the CPU seconds of sherpa-onnx alone, one stream after the other."""
    import sherpa_onnx

    recogniser = sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=f"{folder}/tokens.txt", model=f"{folder}/model.onnx", num_threads=1
    )
    before = time.process_time()
    for sentence in (s for talk in talks for s in talk):
        samples = sentence.pcm.astype(np.float32) / 32768
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
            raise RuntimeError("the text is not what was said")
    return time.process_time() - before


if __name__ == "__main__":
    main()
