"""`hwaja transcribe`: enrols or discovers voices, streams a file or the microphone."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path

from hwaja.cli.microphone import Microphone, sound_library
from hwaja.cli.transcript import Transcript
from hwaja.cli.voices import KeptVoice, SaveLastVoice, SpokenVoice
from hwaja.client import (
    CertificateError,
    ClientError,
    Message,
    UnauthorizedError,
    connect,
)
from hwaja.client.sound_files import AudioError, load_pcm16, paced
from hwaja.protocol.values import Event
from hwaja.server.config import Config, ConfigError, development_files
from hwaja.server.token_file import read_tokens

_URL = "wss://localhost:8088"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hwaja transcribe`."""
    parser.add_argument("talk", type=Path, nargs="?", help="the conversation: a WAV or FLAC file")
    parser.add_argument("--mic", action="store_true", help="transcribe the microphone instead")
    parser.add_argument(
        "--enroll",
        type=SpokenVoice,
        action="append",
        dest="voices",
        default=[],
        metavar="FILE",
        help="3-5 s of one speaker's voice; give it once for each speaker, speaker 0 first",
    )
    parser.add_argument(
        "--save-voice",
        type=Path,
        action=SaveLastVoice,
        metavar="FILE",
        help="keep the voice of the --enroll before it in FILE, for --voice; only the server can "
        "read it, but whoever has it can have speech compared with that voice",
    )
    parser.add_argument(
        "--voice",
        type=KeptVoice,
        action="append",
        dest="voices",
        default=[],
        metavar="FILE",
        help="a voice that --save-voice kept, in place of an --enroll",
    )
    parser.add_argument(
        "--discover",
        action="store_true",
        help="find the speakers by their voices; needs no --enroll",
    )
    parser.add_argument(
        "--max-speakers", type=int, metavar="N", help="with --discover: how many speak at most"
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="a speaker's name; give it once for each speaker, speaker 0 first",
    )
    parser.add_argument(
        "--url",
        action="append",
        default=[],
        help=f"the server ({_URL}); give it once for each of several servers with the same ticket "
        "keys: if one is gone, another goes on",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="speed as a multiple of real time; 0: at once (%(default)s)",
    )
    parser.add_argument(
        "--interim", action="store_true", help="show texts before an utterance is finished"
    )
    parser.add_argument("--language", help="spoken language, if not the server's default")
    parser.add_argument(
        "--hotword",
        action="append",
        default=[],
        metavar="TEXT",
        help="a word to expect; you can give this option several times",
    )
    parser.add_argument(
        "--event",
        action="append",
        default=[],
        choices=list(Event),
        dest="events",
        metavar="NAME",
        help="print this event too: %(choices)s; you can give this option several times",
    )
    parser.add_argument("--json", action="store_true", help="print the server's messages as JSON")
    parser.add_argument(
        "--cafile",
        type=Path,
        help="certificate to trust (default: that of `hwaja serve --dev-cert`, if there is one)",
    )
    parser.add_argument("--token-file", type=Path, help="file with your token for the server")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate")


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    try:
        _check(
            args.discover or len(args.voices) >= 2,
            "Give --enroll twice or more, one file for each speaker, or --voice, or --discover.",
        )
        _check(args.mic != (args.talk is not None), "Give either a file to transcribe or --mic.")
        _check(args.speed >= 0, "--speed must not be negative.")
        asyncio.run(_transcribe(args))
    except (ClientError, AudioError, ConfigError) as error:
        print(f"hwaja: {error}{_ADVICE.get(type(error), '')}", file=sys.stderr)
        return 1
    return 0


_ADVICE: Mapping[type[Exception], str] = {
    CertificateError: " Trust it with --cafile, or pass --insecure.",
    UnauthorizedError: " Set the file with your token with --token-file.",
}
"""Advice for each error: options of the command that help."""


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ClientError(sentence)


async def _transcribe(args: argparse.Namespace) -> None:
    microphone = Microphone(sound_library()) if args.mic else None
    voices = [voice.read() for voice in args.voices]
    unnamed = dict(enumerate(args.name))
    talk = _captured(microphone) if microphone else paced(load_pcm16(args.talk), args.speed)
    with Transcript(as_json=args.json, names=args.name) as transcript:
        async with connect(
            args.url if len(args.url) > 1 else (args.url or [_URL])[0],
            cafile=args.cafile or _development_certificate(),
            verify=not args.insecure,
            token=read_tokens(args.token_file)[0] if args.token_file else None,
            on_away=_print_loss,
        ) as client:
            for speaker_id, (voice, content) in enumerate(zip(args.voices, voices, strict=True)):
                messages = voice.enrolment(client, speaker_id, content, args.speed)
                *_, completed = [message async for message in messages]
                transcript.show(completed)
                voice.keep(completed)
                if speaker_id in unnamed:
                    await client.name_speaker(speaker_id, unnamed.pop(speaker_id))
            messages = client.transcribe_messages(talk, _options(args))
            async with aclosing(messages):
                async for message in messages:
                    if message["type"] != "transcription_stopped":
                        transcript.show(message)
                    if message["type"] == "transcription" and message["speaker_id"] in unnamed:
                        speaker_id = message["speaker_id"]
                        await client.name_speaker(speaker_id, unnamed.pop(speaker_id))
    if microphone is not None:
        _print_faults(microphone)


def _print_loss() -> None:
    _print_status("hwaja: the connection is lost; trying again")


def _print_faults(microphone: Microphone) -> None:
    if microphone.overflows:
        _print_status(f"hwaja: the microphone was not read in time {microphone.overflows} times")
    if microphone.is_gone:
        raise AudioError("The microphone has stopped: it sends no more audio.")


def _print_status(sentence: str) -> None:
    print(sentence, file=sys.stderr)


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
    if args.language:
        options["language"] = args.language
    if args.hotword:
        options["hotwords"] = args.hotword
    if args.events:
        options["events"] = args.events
    return options


async def _captured(microphone: Microphone) -> AsyncIterator[bytes]:
    """Yield captured audio until Ctrl-C, then end, so that the server can answer the rest."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, microphone.stop)
    _print_status("listening; Ctrl-C ends")
    is_told = False
    try:
        async for chunk in microphone.chunks():
            if microphone.overflows and not is_told:
                is_told = True
                _print_status("hwaja: the microphone was not read in time; words may be missing")
            yield chunk
    finally:
        # A second Ctrl-C exits without the remaining answers.
        loop.remove_signal_handler(signal.SIGINT)
