"""What the enrolment verdict catches, and what it refuses wrongly, on takes of 3-5 s.

python bench/enrolment.py ../shared/speech [--seed 1] [--takes 30]

Takes are cut from random clips of one speaker; two takes are compared only if they share no clip.
Every take goes the way of `hwaja enroll-check`: session, gate, measures, embeddings, judgement.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus import load_clips
from hwaja.application import detector_file, embedder_file
from hwaja.audio import load_pcm16, to_pcm16
from hwaja.codes import Reason
from hwaja.engine import Embedding, Embeddings, Samples
from hwaja.engines.sherpa import SpeakerEmbedder
from hwaja.engines.silero import SileroDetector
from hwaja.enroll_check import Booth
from hwaja.enrolment.takes import cosine
from hwaja.gate import FRAME_SAMPLES, SAMPLE_RATE
from hwaja.messages import Error, RegistrationCompleted
from hwaja.quality import SIMILAR_VOICE_COSINE, Quality, same_voice_cosine, warnings

TAKE_SECONDS = (3.0, 5.0)
OTHER_SHARE = (0.3, 0.5)
JOINT_SECONDS = 0.2  # of silence where the voice changes
SNRS_DB = (None, 20, 10)
RESAMPLES = 300  # of the bootstrap

Random = np.random.Generator
Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Speaker:
    """One person's clips."""

    room: str
    name: str
    clips: list[Audio]


@dataclass(frozen=True)
class Take:
    """What a random take came to."""

    speaker: Speaker
    clips: frozenset[int]
    voice: Embedding
    quality: Quality
    refusal: Reason | None


class Pair(NamedTuple):
    """Two takes, and whether the second is refused as the first one's voice."""

    first: int
    second: int
    cosine: float
    is_refused: bool


class Listener:
    """Keeps the first embedding of each take: that of the whole."""

    def __init__(self) -> None:
        self._embedder = SpeakerEmbedder(embedder_file())
        self.voice: Embedding | None = None

    def embed(self, samples: Samples) -> Embeddings:
        """Return the embeddings of `samples`, that of the whole first."""
        found = self._embedder.embed(np.ascontiguousarray(samples))
        if self.voice is None:
            self.voice = found[0].copy()
        return found


def speakers(speech: Path) -> list[Speaker]:
    found = []
    for room in ("AirbnbStudio", "DanceStudio"):
        clips = load_clips(speech, room)
        for k in (0, 1):
            own = [clip.pcm.astype(np.float32) / 32768 for clip in clips if clip.speaker_id == k]
            found.append(Speaker(room, "ab"[k], own))
    for part in ("test-other", "train-clean-100"):
        by_name: dict[str, list[Audio]] = {}
        for file in sorted((speech / "librispeech").rglob(f"librispeech_{part}/**/*.flac")):
            pcm = np.frombuffer(load_pcm16(file), "<i2").astype(np.float32) / 32768
            by_name.setdefault(file.stem.split("-")[0], []).append(pcm)
        found += [Speaker(part, name, clips) for name, clips in by_name.items()]
    return found


def hear_strangers(listener: Listener, pair: list[Speaker]) -> list[Speaker]:
    """Leave out clips whose first second is the other speaker's: the end of the line before."""
    means = []
    for speaker in pair:
        voices = [listener.embed(clip)[0] for clip in speaker.clips]
        means.append(sum(voice / np.linalg.norm(voice) for voice in voices))
    kept = []
    for speaker, own, other in zip(pair, means, reversed(means), strict=True):
        starts = [listener.embed(loud_second(clip))[0] for clip in speaker.clips]
        pure = [cosine(start, own) > cosine(start, other) for start in starts]
        clips = [clip for clip, is_pure in zip(speaker.clips, pure, strict=True) if is_pure]
        print(f"{speaker.room} {speaker.name}: {len(clips)} of {len(speaker.clips)} clips used")
        kept.append(Speaker(speaker.room, speaker.name, clips))
    return kept


def loud_second(clip: Audio) -> Audio:
    """Return the second that follows the first loud frame."""
    frames = clip[: len(clip) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    powers = np.mean(frames.astype(np.float64) ** 2, axis=1)
    first = int(np.argmax(powers > np.percentile(powers, 90) / 100)) * FRAME_SAMPLES
    return clip[first : first + SAMPLE_RATE]


def cut(speaker: Speaker, seconds: float, random: Random) -> tuple[Audio, frozenset[int]]:
    """Return so many seconds of random clips, and which clips they are."""
    wanted = round(seconds * SAMPLE_RATE)
    pieces: list[Audio] = []
    used = []
    for k in random.permutation(len(speaker.clips)).tolist():
        clip = speaker.clips[k]
        spare = len(clip) - wanted
        pieces.append(clip[random.integers(spare) :] if spare > 0 else clip)
        used.append(k)
        if sum(map(len, pieces)) >= wanted:
            break
    return np.concatenate(pieces)[:wanted], frozenset(used)


def two_people(one: Speaker, other: Speaker, random: Random, *, between: bool) -> Audio:
    """Return a take of `one` that ends with, or has in its midst, the voice of `other`."""
    seconds, share = random.uniform(*TAKE_SECONDS), random.uniform(*OTHER_SHARE)
    first, _ = cut(one, seconds * (1 - share), random)
    second, _ = cut(other, seconds * share, random)
    joint = np.zeros(round(JOINT_SECONDS * SAMPLE_RATE), np.float32)
    at = round(len(first) * random.uniform(0.35, 0.65)) if between else len(first)
    return np.concatenate([first[:at], joint, second, joint, first[at:]])


def noisy(audio: Audio, snr_db: float | None, random: Random) -> Audio:
    """Add pink noise at so many dB under the mean power."""
    if snr_db is None:
        return audio
    spectrum = np.fft.rfft(random.standard_normal(len(audio)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), len(audio))
    power = np.mean(audio.astype(np.float64) ** 2) / 10 ** (snr_db / 10)
    return (audio + noise * np.sqrt(power / np.mean(noise**2))).astype(np.float32)


class Desk:
    """Has takes judged, each as the first of a session."""

    def __init__(self) -> None:
        self._listener = Listener()
        self._detector = SileroDetector(detector_file())

    def judge(self, audio: Audio) -> tuple[Embedding | None, Quality | None, Reason | None]:
        """Return the voice, what was measured, and why it was refused, as far as there is any."""
        booth = Booth(self._detector, self._listener)
        self._listener.voice = None
        answer = asyncio.run(booth.enrol(0, to_pcm16(audio)))
        assert isinstance(answer, RegistrationCompleted | Error)
        reason = answer.reason if isinstance(answer, Error) else None
        return self._listener.voice, answer.quality, reason


def takes_of(
    desk: Desk, found: list[Speaker], count: int, snr_db: float | None, random: Random
) -> Iterator[Take]:
    """Yield takes of every speaker that are long enough to be judged."""
    for speaker in found:
        for _ in range(count if len(speaker.clips) > 1 else 1):
            audio, clips = cut(speaker, random.uniform(*TAKE_SECONDS), random)
            voice, quality, reason = desk.judge(noisy(audio, snr_db, random))
            if voice is not None and quality is not None:
                yield Take(speaker, clips, voice, quality, reason)


def report_pairs(takes: list[Take], random: Random) -> None:
    """Print how often pairs of takes are refused as the same person."""
    for room in dict.fromkeys(take.speaker.room for take in takes):
        own = [take for take in takes if take.speaker.room == room]
        same, different = [], []
        for (i, one), (j, other) in combinations(enumerate(own), 2):
            # The second of the two is enrolled against the first.
            alike = cosine(one.voice, other.voice)
            pair = Pair(i, j, alike, alike >= same_voice_cosine(other.quality.snr_db))
            if one.speaker is not other.speaker:
                different.append(pair)
            elif not one.clips & other.clips:
                same.append(pair)
        for name, pairs in (("same person", same), ("two people", different)):
            if pairs:
                print(f"  {room}, {name}, {len(own)} takes: {_rates(pairs, len(own), random)}")


def _rates(pairs: list[Pair], takes: int, random: Random) -> str:
    i, j, cosines, refused = (np.array(column) for column in zip(*pairs, strict=True))
    # Pairs share takes, so that takes are drawn again, not pairs.
    rates = []
    for _ in range(RESAMPLES):
        weight = np.bincount(random.integers(takes, size=takes), minlength=takes)
        weights = weight[i] * weight[j]
        if weights.any():
            rates.append(np.average(refused, weights=weights))
    low, high = np.percentile(rates, [2.5, 97.5])
    warned = np.mean((cosines >= SIMILAR_VOICE_COSINE) & ~refused)
    return (
        f"refused {refused.sum()} of {len(pairs)} = {refused.mean():.2%} "
        f"[{low:.2%}, {high:.2%}], warned {warned:.2%}; cosine 1/5/50/95/99 % "
        + " ".join(f"{x:.2f}" for x in np.percentile(cosines, [1, 5, 50, 95, 99]))
    )


def report_share(what: str, hits: list[bool]) -> None:
    """Print a share with its Wilson interval."""
    count, z = len(hits), 1.96
    share = sum(hits) / count
    centre = (share + z**2 / 2 / count) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / 4 / count**2)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    print(f"  {what}: {sum(hits)} of {count} = {share:.1%} [{low:.1%}, {high:.1%}]")


def report_agreement(name: str, judged: list[tuple[Quality, Reason | None]]) -> None:
    """Print how often a take is refused, or warned of, as holding two people."""
    if not judged:
        return
    report_share(f"{name}, refused", [reason is Reason.TWO_VOICES for _, reason in judged])
    doubted = [Reason.PERHAPS_TWO_VOICES in warnings(quality) for quality, _ in judged]
    report_share(f"{name}, warned of", doubted)
    agreements = [quality.agreement for quality, _ in judged]
    marks = " ".join(f"{x:.2f}" for x in np.percentile(agreements, [0, 1, 5, 50, 95, 100]))
    print(f"    agreement 0/1/5/50/95/100 %: {marks}")


def rooms(found: list[Speaker]) -> dict[str, list[Speaker]]:
    return {s.room: [other for other in found if other.room == s.room] for s in found}


def report_mixtures(desk: Desk, found: list[Speaker], count: int, random: Random) -> None:
    for room, people in rooms(found).items():
        for between in (False, True):
            judged = []
            for _ in range(count):
                one, other = random.choice(len(people), 2, replace=False)
                audio = two_people(people[one], people[other], random, between=between)
                _, quality, reason = desk.judge(audio)
                if quality is not None:
                    judged.append((quality, reason))
            report_agreement(f"{room}, {'A-B-A' if between else 'A-B'}", judged)


def report_formats(desk: Desk, found: list[Speaker], random: Random) -> None:
    """Print what is said of takes that are sent at another rate, or with two channels."""
    import soxr

    def at(rate: int) -> Callable[[Audio], Audio]:
        return lambda audio: soxr.resample(audio, SAMPLE_RATE, rate, quality="VHQ")

    ways: dict[str, Callable[[Audio], Audio]] = {
        "as they are": lambda audio: audio,
        "as a telephone carries them": lambda audio: soxr.resample(at(8000)(audio), 8000, 16000),
        "at 48 kHz": at(48_000),
        "at 44.1 kHz": at(44_100),
        "at 8 kHz": at(8000),
        "as two channels": lambda audio: np.repeat(audio, 2),
    }
    for name, way in ways.items():
        told, passed = [], []
        for speaker in found:
            for _ in range(min(5, len(speaker.clips))):
                audio, _ = cut(speaker, random.uniform(*TAKE_SECONDS), random)
                _, _, reason = desk.judge(way(audio))
                told.append(reason is Reason.WRONG_FORMAT)
                passed.append(reason is None)
        report_share(f"{name}, refused as a wrong format", told)
        report_share(f"{name}, enrolled", passed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--takes", type=int, default=30, help="of each speaker with several clips")
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    desk, found = Desk(), speakers(args.speech)
    found = [
        *hear_strangers(Listener(), found[:2]),
        *hear_strangers(Listener(), found[2:4]),
        *found[4:],
    ]
    for snr_db in SNRS_DB:
        print(f"takes, {'clean' if snr_db is None else f'{snr_db} dB'}", flush=True)
        takes = list(takes_of(desk, found, args.takes, snr_db, random))
        report_pairs(takes, random)
        for room in rooms(found):
            own = [(take.quality, take.refusal) for take in takes if take.speaker.room == room]
            report_agreement(f"{room}, one person", own)
    print("two people in a take", flush=True)
    report_mixtures(desk, found, args.takes, random)
    print("formats", flush=True)
    report_formats(desk, found, random)


if __name__ == "__main__":
    main()
