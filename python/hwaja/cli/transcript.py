"""Prints the server's messages for a person at a terminal, or as JSON."""

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from hwaja.cli.strings import printable, say, sentence_of
from hwaja.client import Label, Message
from hwaja.language import Language
from hwaja.protocol.values import Event

_NOT_FIGURES = ("type", "number")

_SECRET = ("ticket", "ticket_expires_at")
"""A voice, sealed. `--save-voice` keeps it; the output may be anybody's."""

_STYLES = ("cyan", "magenta", "green", "yellow")  # for speaker 0, speaker 1 and so on


class Transcript:
    """Prints final texts one below the other, and below them the interim texts; use `with`."""

    def __init__(
        self, *, as_json: bool, names: Sequence[str] = (), language: Language = "en"
    ) -> None:
        """Prepare the output.

        Args:
            as_json: whether to print every message unchanged.
            names: those of the speakers, by id. The others have a number, from 1.
            language: of everything but what was said.

        """
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)
        # Interim texts are redrawn, so they are not written to a file or a pipe.
        self._draws = self._console.is_terminal and not as_json
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._open: dict[int | None, str] = {}  # interim texts by segment
        self._final: dict[int | None, Message] = {}  # final texts by segment, for later corrections
        self._names = names
        self._language = language

    def __enter__(self) -> Self:
        if self._draws:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, message: Message) -> None:
        """Show one message."""
        if self._as_json:
            told = {key: value for key, value in message.items() if key not in _SECRET}
            print(json.dumps(told, ensure_ascii=False), flush=True)
            return
        match message["type"]:
            case "interim":
                self._open[message["segment_id"]] = printable(message["text"])
            case "transcription":
                segment_id = message.get("segment_id")  # None: a server of the specification alone
                self._open.pop(segment_id, None)
                self._final[segment_id] = message
                self._console.print(self._line(message))
            case "speaker_update" if message["segment_id"] in self._final:
                known = {"label": Label.SURE, "speaker_id": message["speaker_id"]}
                line = self._line(self._final[message["segment_id"]] | known)
                self._console.print(Text.assemble((self._say("corrected"), "dim"), line))
            case kind if kind in set(Event):
                figures = (f"{k} {v}" for k, v in message.items() if k not in _NOT_FIGURES)
                self._console.print(Text(printable(f"{kind}: {', '.join(figures)}"), style="dim"))
            case _ if isinstance(message.get("message"), str):
                self._console.print(Text(sentence_of(self._language, message), style="dim"))
                for warning in message.get("quality", {}).get("warnings", ()):
                    advice = sentence_of(self._language, warning)
                    self._console.print(Text(f"! {advice}", style="yellow"))
        if self._draws:
            self._live.update(Text(" ".join(self._open.values()), style="dim"), refresh=True)

    def _line(self, message: Message) -> Text:
        began = f" {message['start_seconds']:7.1f} s " if "start_seconds" in message else ""
        level = f" {message['confidence']:6.1f} dBFS  "
        return Text.assemble(self._speaker(message), began, level, printable(message["text"]))

    def _speaker(self, message: Message) -> tuple[str, str]:
        """Return what the speaker is called, and its style."""
        speaker_id, label = message["speaker_id"], message.get("label", Label.SURE)
        if label == Label.UNKNOWN:
            return self._say("stranger"), "dim"
        doubt = " " if label == Label.SURE else "?"
        number = self._say("speaker", number=speaker_id + 1)
        name = dict(enumerate(self._names)).get(speaker_id, number)
        return f"{name}{doubt}", _STYLES[speaker_id % len(_STYLES)]

    def _say(self, key: str, **values: object) -> str:
        return say(self._language, key, **values)
