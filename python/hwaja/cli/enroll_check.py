"""`hwaja enroll-check`: shows the server's verdict on voice recordings, with reasons.

It uses the server's own session, VAD and enrolment verdict, without a network connection.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.text import Text

from hwaja._pcm import RingBuffer
from hwaja.audio.stream import PIECE_SAMPLES, RING_SECONDS
from hwaja.cli.strings import add_language, say, sentence_of
from hwaja.client.sound_files import AudioError, Recording, load_recording
from hwaja.engines.interface import Embedder, VoiceTrack, to_float32
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.language import Language, chooser
from hwaja.language.sentences import told
from hwaja.protocol import texts
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import CompleteRegistration, StartRegistration
from hwaja.protocol.server_messages import Error, RegistrationCompleted, ServerMessage
from hwaja.protocol.values import MOST_SPEAKERS, Quality
from hwaja.server.application import detector_file, embedder_file
from hwaja.session.effects import Effect, Listen, Release, Send
from hwaja.session.events import Arrival, Audio, Connected, Event, Received
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import Session
from hwaja.speakers.enroller import Enroller, ReadSamples
from hwaja.speakers.enrolment import Enrol
from hwaja.speakers.verdict import SAME_VOICE
from hwaja.speakers.voices import Cohort, Voices
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import SileroDetector, frames_to_detect


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the arguments of `hwaja enroll-check`, in a language."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help=chooser(language)(
            "3-5 s of one speaker's voice, WAV or FLAC; several files are also compared",
            "한 화자의 목소리 3-5초, WAV 또는 FLAC. 파일이 여럿이면 서로 비교도 함",
        ),
    )
    add_language(parser, language)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code: 0 where the server would enrol every voice."""
    try:
        recordings = _load(args.files)
    except AudioError as error:
        print(f"hwaja: {told(error, args.lang)}", file=sys.stderr)
        return 1
    booth = LocalEnrolment(SileroDetector(detector_file()), SpeakerEmbedder(embedder_file()))
    console = Console(highlight=False, soft_wrap=True)
    passed = True
    for speaker_id, (file, recording) in enumerate(zip(args.files, recordings, strict=True)):
        answer = asyncio.run(booth.enrol(speaker_id, recording.pcm))
        _show(file, recording, answer, console, args.lang)
        passed &= isinstance(answer, RegistrationCompleted)
    booth.forget()
    return 0 if passed else 1


def _load(files: list[Path]) -> list[Recording]:
    if len(files) > MOST_SPEAKERS:
        raise AudioError(f"Give at most {MOST_SPEAKERS} files: one for each speaker.")
    return [load_recording(file) for file in files]


class LocalEnrolment:
    """A session without a server, which enrols one voice after the other."""

    def __init__(self, detector: SileroDetector, embedder: Embedder) -> None:
        self._detector = detector
        self._state = detector.new_state()
        self._embedder = embedder
        self._voices = Voices(Cohort.load())
        self._session = Session(SessionSettings(), self._voices)
        self._session.handle(Connected())
        self._ring = RingBuffer(RING_SECONDS * SAMPLE_RATE)
        self._enroller = Enroller(self._embed, self._ring, self._voices)
        self._origin = 0  # the detector's context begins at this sample
        self._answers: list[ServerMessage] = []

    async def enrol(self, speaker_id: int, pcm: bytes) -> ServerMessage:
        """Send a speaker's recording (PCM16) to the session; return the server's final message."""
        start = StartRegistration(speaker_id, details=True)
        await self._handle(Received(start, at=self._ring.end))
        for offset in range(0, len(pcm), 2 * PIECE_SAMPLES):
            if self._session.listening:
                self._ring.push(pcm[offset : offset + 2 * PIECE_SAMPLES])
                await self._detect()
        if self._session.listening:
            await self._handle(Received(CompleteRegistration(speaker_id), at=self._ring.end))
        return self._answers[-1]

    def forget(self) -> None:
        """Overwrite every voiceprint in memory."""
        self._voices.forget()

    async def _detect(self) -> None:
        heard = self._session.processed_stop
        frames, levels_dbfs = frames_to_detect(self._ring, heard, self._origin)
        (probabilities,) = self._detector.detect([(self._state, frames)])
        arrival = Arrival(self._ring.end, at=0.0, unix_seconds=0.0, waited_seconds=0.0)
        heard += len(frames) * FRAME_SAMPLES
        await self._handle(Audio(heard, probabilities, levels_dbfs, arrival))

    async def _handle(self, event: Event) -> None:
        for effect in self._session.handle(event):
            await self._carry_out(effect)

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                self._answers.append(message)
            case Listen():
                self._origin = self._session.processed_stop
                self._state.reset()
            case Enrol():
                await self._handle(await self._enroller.enrol(effect))
            case Release(index):
                self._ring.release(max(index, self._ring.start))

    async def _embed(self, read: ReadSamples, _samples: int) -> VoiceTrack:
        rows = self._embedder.embed(to_float32(read()))
        return VoiceTrack(rows[0], rows[1:], np.zeros(len(rows) - 1, np.float32))


def _show(
    file: Path, recording: Recording, answer: ServerMessage, console: Console, language: Language
) -> None:
    """Print the verdict on a recording, its measurements, and advice."""
    console.print(Text(str(file), style="bold"))
    if (recording.rate, recording.channels) != (SAMPLE_RATE, 1):
        figures = {"rate": recording.rate, "channels": recording.channels}
        console.print(f"  {say(language, 'check.converted', **figures)}")
    match answer:
        case RegistrationCompleted(quality=quality):
            # Nothing is enrolled: there is no server here.
            console.print(Text(f"  ✓ {say(language, 'check.suitable')}", style="green"))
        case Error(reason=reason, quality=quality):
            sentence = sentence_of(language, {"reason": reason, "message": texts.REASONS[reason]})
            console.print(Text(f"  ✗ {sentence} ({reason})", style="red"))
    if quality is not None:
        _show_quality(quality, console, language)


def _show_quality(quality: Quality, console: Console, language: Language) -> None:
    figures = say(
        language,
        "check.quality",
        speech=quality.speech_seconds,
        level=quality.level_dbfs,
        snr=quality.snr_db,
        clipped=100 * quality.clipped_share,
        agreement=quality.agreement,
    )
    console.print(f"  {figures}")
    if (similarity := quality.other_similarity) is not None:
        values = {"similarity": similarity, "same": SAME_VOICE}
        console.print(f"  {say(language, 'check.similarity', **values)}")
    for warning in quality.warnings:
        sentence = sentence_of(language, {"reason": warning.reason, "message": warning.message})
        console.print(Text(f"  ! {sentence} ({warning.reason})", style="yellow"))
