"""`hwaja transcribe`: enrols or discovers voices, streams a file or the microphone."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from hwaja.cli.fast import run_fast
from hwaja.cli.microphone import Microphone, sound_library
from hwaja.cli.strings import printable, say, sentence_of
from hwaja.cli.transcribe_options import USUAL_URL
from hwaja.cli.transcript import Transcript
from hwaja.cli.voices import KeptVoice, SpokenVoice
from hwaja.client import (
    AudioConfig,
    CertificateError,
    ClientError,
    Message,
    RefusedError,
    UnauthorizedError,
    connect,
)
from hwaja.client.sound_files import AudioError, load_pcm16, paced
from hwaja.client.websocket import ConnectionLostError, ServerStoppedError
from hwaja.language import Language
from hwaja.language.sentences import told
from hwaja.protocol.codes import ErrorCode
from hwaja.server.access.token_file import first_token
from hwaja.server.config import Config, ConfigError, development_files


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    try:
        _check(
            args.discover or args.channels or len(args.voices) >= 2,
            "Give --enroll twice or more, a file for each speaker, or --voice, --discover or "
            "--channels.",
        )
        _check(
            not args.channels or (args.talk is not None and not args.discover),
            "--channels is for a file, and without --discover.",
        )
        _check(args.mic != (args.talk is not None), "Give either a file to transcribe or --mic.")
        _check(args.speed >= 0, "--speed must not be negative.")
        is_whole = args.format is not None or args.output is not None
        _check(args.fast or not is_whole, "--format and --output need --fast.")
        if args.fast:
            run_fast(args, (args.url or [USUAL_URL])[0], _development_certificate())
            return 0
        asyncio.run(_transcribe(args))
    except (ClientError, AudioError, ConfigError) as error:
        explained = printable(_explained(error, args.lang, args.voices))
        print(f"hwaja: {explained}", file=sys.stderr)
        return 1
    return 0


def _explained(
    error: Exception, language: Language, voices: Sequence[SpokenVoice | KeptVoice]
) -> str:
    """Return what an error means, with the options of the command that help."""
    match error:
        case CertificateError():
            return say(language, "untrusted", error=error)
        case UnauthorizedError():
            return say(language, "unauthorized", error=error)
        case RefusedError():
            sentence = say(language, "refused", sentence=sentence_of(language, error.answer))
            files = {speaker_id: voice.file for speaker_id, voice in enumerate(voices)}
            file = files.get(-1 if error.speaker_id is None else error.speaker_id)
            is_of_file = error.code == ErrorCode.SPEAKER_REGISTRATION_FAILED and file is not None
            return f"{file}: {sentence}" if is_of_file else sentence
        case ServerStoppedError():
            return say(language, "stopped", error=error)
        case ConnectionLostError():
            return say(language, "unanswered", error=error)
    return told(error, language)


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ClientError(sentence)


async def _transcribe(args: argparse.Namespace) -> None:
    microphone = Microphone(sound_library()) if args.mic else None
    voices = [voice.read() for voice in args.voices]
    unnamed = dict(enumerate(args.name))
    audio = AudioConfig(channels=2 if args.channels else 1)
    if microphone is None:
        talk = _played(args.talk, args.speed, audio.channels)
    else:
        talk = _captured(microphone, args.lang)
    with Transcript(as_json=args.json, names=args.name, language=args.lang) as transcript:
        async with connect(
            args.url or [USUAL_URL],  # a list: an appointment may last longer than a session
            cafile=args.cafile or _development_certificate(),
            verify=not args.insecure,
            token=first_token(args.token_file) if args.token_file else None,
            on_away=lambda: _print_status(say(args.lang, "lost")),
        ) as client:
            for speaker_id, (voice, content) in enumerate(zip(args.voices, voices, strict=True)):
                messages = voice.enrolment(client, speaker_id, content, args.speed)
                *_, completed = [message async for message in messages]
                transcript.show(completed)
                voice.keep(completed, args.lang)
                if speaker_id in unnamed:
                    await client.name_speaker(speaker_id, unnamed.pop(speaker_id))
            messages = client.transcribe_messages(talk, _options(args), audio)
            async with aclosing(messages):
                async for message in messages:
                    if message["type"] != "transcription_stopped":
                        transcript.show(message)
                    if message["type"] == "transcription" and message["speaker_id"] in unnamed:
                        speaker_id = message["speaker_id"]
                        await client.name_speaker(speaker_id, unnamed.pop(speaker_id))
    if microphone is not None:
        _print_faults(microphone, args.lang)


def _played(file: Path, speed: float, channels: int) -> AsyncIterator[bytes]:
    return paced(load_pcm16(file, channels), speed, channels=channels)


def _print_faults(microphone: Microphone, language: Language) -> None:
    if microphone.overflows:
        _print_status(say(language, "unread", times=microphone.overflows))
    if microphone.is_gone:
        raise AudioError("The microphone has stopped: it sends no more audio.")


def _print_status(sentence: str) -> None:
    print(f"hwaja: {sentence}", file=sys.stderr)


def _development_certificate() -> Path | None:
    """Return the development certificate of this user's server; None where none exists."""
    folder = Config().data_dir
    if folder is None:
        return None
    file, _ = development_files(folder)
    return file if file.is_file() else None


def _options(args: argparse.Namespace) -> Message:
    """Return the message fields for features beyond the specification."""
    options: Message = {}
    if args.interim:
        options["interim_results"] = True
    if args.discover:
        options["speakers"] = "discover"
        if args.max_speakers is not None:
            options["max_speakers"] = args.max_speakers
    if args.channels:
        options["speakers"] = "channels"
    if args.language:
        options["language"] = args.language
    if args.hotword:
        options["hotwords"] = args.hotword
    if args.events:
        options["events"] = args.events
    return options


async def _captured(microphone: Microphone, language: Language) -> AsyncIterator[bytes]:
    """Yield captured audio until Ctrl-C, then end, so that the server can answer the rest."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, microphone.stop)
    _print_status(say(language, "listening"))
    is_told = False
    try:
        async for chunk in microphone.chunks():
            if microphone.overflows and not is_told:
                is_told = True
                _print_status(say(language, "unread.now"))
            yield chunk
    finally:
        # A second Ctrl-C exits without the remaining answers.
        loop.remove_signal_handler(signal.SIGINT)
