"""`hwaja transcribe`: enrol two voices, stream a file or the microphone, print who said what."""

import argparse
import asyncio
import json
import queue
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hwaja.audio import AudioError, load_pcm16, microphone, paced
from hwaja.client import Client, ClientError, Message, client_tls, open_client
from hwaja.config import Config

_STYLES = ("cyan", "magenta")  # of speaker 0 and speaker 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hwaja transcribe`."""
    parser.add_argument("talk", type=Path, nargs="?", help="the conversation: a WAV or FLAC file")
    parser.add_argument("--mic", action="store_true", help="transcribe the microphone instead")
    parser.add_argument(
        "--enroll",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="3-5 s of one speaker's voice; give it twice, speaker 0 first",
    )
    parser.add_argument("--url", default="wss://localhost:8088", help="the server (%(default)s)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="times real time; 0: at once (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the server's messages as JSON")
    parser.add_argument(
        "--cafile",
        type=Path,
        default=Config().data_dir / "dev-cert.pem",
        help="certificate to trust (%(default)s)",
    )
    parser.add_argument("--insecure", action="store_true", help="accept any certificate")


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    code = 0
    try:
        _check(len(args.enroll) == 2, "Give --enroll twice: one file for each speaker.")
        _check(args.mic != (args.talk is not None), "Give either a file to transcribe or --mic.")
        _check(args.speed >= 0, "--speed must not be negative.")
        asyncio.run(_transcribe(args))
    except* (ClientError, AudioError) as errors:
        print(f"hwaja: {_first(errors)}", file=sys.stderr)
        code = 1  # "return" cannot stand in an "except*" block
    return code


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ClientError(sentence)


def _first(errors: BaseExceptionGroup) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _transcribe(args: argparse.Namespace) -> None:
    voices = [load_pcm16(file) for file in args.enroll]
    talk = None if args.mic else paced(load_pcm16(args.talk), args.speed)
    tls = client_tls(args.cafile, verify=not args.insecure)
    async with open_client(args.url, tls) as client:
        for speaker_id, voice in enumerate(voices):
            confirmation = await client.enrol(speaker_id, paced(voice, args.speed))
            _print(confirmation, args.json)
        await client.send({"type": "start_transcription", "details": True})
        _print(await client.expect("transcription_started"), args.json)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_send(client, talk or _captured()))
            async for message in client.transcriptions():
                _print(message, args.json)


async def _send(client: Client, talk: AsyncIterator[bytes]) -> None:
    await client.send_audio(talk)
    await client.send({"type": "stop_transcription"})


async def _captured() -> AsyncIterator[bytes]:
    """Yield what the microphone captures until Ctrl-C, then end so that the rest is answered."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(2, stopped.set)
    with microphone() as chunks:
        print("listening; Ctrl-C ends", file=sys.stderr)
        while not stopped.is_set():
            try:
                yield await asyncio.to_thread(chunks.get, timeout=0.5)
            except queue.Empty:
                continue
    while not chunks.empty():  # captured before Ctrl-C
        yield chunks.get_nowait()


def _print(message: Message, as_json: bool) -> None:
    if as_json:
        print(json.dumps(message, ensure_ascii=False), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    if message["type"] != "transcription":
        console.print(Text(message["message"], style="dim"))
        return
    speaker_id = message["speaker_id"]
    line = Text.assemble(
        (f"speaker {speaker_id}", _STYLES[speaker_id % len(_STYLES)]),
        f"  {message['start_seconds']:7.1f} s  {message['confidence']:6.1f} dBFS  ",
        message["text"],
    )
    console.print(line)
