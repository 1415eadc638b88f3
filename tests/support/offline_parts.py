"""Parts of the small offline models of the tests."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx

ALL = 1_000_000  # more outputs than any utterance has


def blank_of(vocabulary: Sequence[str]) -> int:
    return next(number for number, token in enumerate(vocabulary) if token in ("<blk>", "<blank>"))


@dataclass(frozen=True)
class Folder:
    """The files of a model: graphs, and texts by name."""

    graphs: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, graph in self.graphs.items():
            if isinstance(graph, bytes):
                (folder / name).write_bytes(graph)
            else:
                onnx.save(graph, folder / name)
        for name, text in self.texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


def plain(graphs: Mapping[str, Any], vocabulary: Sequence[str]) -> Folder:
    """A folder whose table has the tokens as they are."""
    lines = (f"{token} {number}\n" for number, token in enumerate(vocabulary))
    return Folder(graphs, {"tokens.txt": "".join(lines)})


def pieces(graphs: Mapping[str, Any], vocabulary: Sequence[bytes]) -> Folder:
    """A folder whose table has the tokens in base64."""
    lines = (
        f"{base64.b64encode(piece).decode()} {number}\n" for number, piece in enumerate(vocabulary)
    )
    return Folder(graphs, {"tokens.txt": "".join(lines)})
