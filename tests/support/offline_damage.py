"""Damages the folder of an offline model in the same ways for every family.

A program of its own, since sherpa-onnx may end the process: offline_damage.py FAMILY FOLDER
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import offline_models
import onnx
from breaking import Change
from offline_parts import Folder

from hwaja.engines.interface import EngineError
from hwaja.engines.loading import load_recogniser

_HARMLESS = {
    "model_type": (
        "transducer",
        "nemo-transducer",
        "parakeet-tdt",
        "dolphin-ctc",
        "fire-red",
        "sense-voice-nano",
    ),
    "vocab_size": ("omnilingual-ctc",),
    "comment": ("transducer", "zipformer-ctc"),
    "version": ("transducer", "zipformer-ctc"),
    "normalize_type": tuple(offline_models.FAMILIES),
    "feat_dim": ("nemo-transducer", "parakeet-tdt"),
    "joiner_dim": ("transducer",),
    "hidden_size": ("funasr-nano",),
    "num_layers": ("funasr-nano",),
    "sample_rate": ("omnilingual-ctc",),
}
"""Metadata that may be absent, by the families that do without."""


def main(family: str, folder: Path) -> None:
    """Print what each damage is, and the sentence that explains it; none where it is not."""
    model = offline_models.FAMILIES[family]()
    damages = (*_files(model), *_contents(family, model), *_keys(family, model), *_tokens(model))
    for number, (name, change) in enumerate(damages):
        broken = model.write(folder / str(number))
        change(broken)
        try:
            load_recogniser(broken, "ko")
        except EngineError as error:
            print(f"{name}\t{error}", flush=True)
        else:
            print(f"{name}\t", flush=True)
    print("alive")


Damages = Iterator[tuple[str, Change]]


def _files(model: Folder) -> Damages:
    # Each of the two tokenizers has a file that the other does not read.
    other = "tokenizer.json" if "tokenizer/vocab.json" in model.texts else "tokenizer_config.json"
    for name in (*model.graphs, *model.texts):
        if not name.endswith(f"/{other}"):
            yield f"{name} is missing", lambda folder, name=name: (folder / name).unlink()
            yield f"{name} is empty", _replaced(name, lambda _: b"")


def _contents(family: str, model: Folder) -> Damages:
    for name in model.graphs:
        yield f"{name} is cut off", _replaced(name, lambda content: content[: len(content) // 2])
        yield f"{name} is a web page", _replaced(name, lambda _: b"<html>Not found</html>")
        yield f"{name} is of another family", _replaced(name, _of_another(family, name))


def _keys(family: str, model: Folder) -> Damages:
    for name, graph in model.graphs.items():
        for entry in [] if isinstance(graph, bytes) else graph.metadata_props:
            if family not in _HARMLESS.get(entry.key, ()):
                yield f"{name} lacks {entry.key}", _lacking(name, entry.key)


def _tokens(model: Folder) -> Damages:
    for name in model.texts:
        if name.endswith("tokens.txt"):
            yield "the last token is missing", _replaced(name, _without_last)
            yield "tokens are no table", _replaced(name, lambda _: b"hello world again\n" * 9)
        if name.endswith("vocab.json"):
            yield "tokens are of another model", _replaced(name, _with_token_beyond)


def _replaced(name: str, content: Callable[[bytes], bytes]) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content((folder / name).read_bytes()))

    return change


def _of_another(family: str, name: str) -> Callable[[bytes], bytes]:
    other = "canary" if family == "fire-red" else "fire-red"
    graphs = offline_models.FAMILIES[other]().graphs
    chosen = next(file for file in graphs if ("encoder" in file) != ("encoder" in name))
    return lambda _: bytes(graphs[chosen].SerializeToString())


def _lacking(name: str, key: str) -> Change:
    def change(folder: Path) -> None:
        model = onnx.load(folder / name)
        kept = {entry.key: entry.value for entry in model.metadata_props if entry.key != key}
        onnx.helper.set_model_props(model, kept)
        onnx.save(model, folder / name)

    return change


def _without_last(table: bytes) -> bytes:
    return b"\n".join(table.split(b"\n")[:-2]) + b"\n"


def _with_token_beyond(content: bytes) -> bytes:
    return json.dumps(json.loads(content) | {"more": 99_999}).encode()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
