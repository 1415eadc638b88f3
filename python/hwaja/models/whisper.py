"""Converts Whisper from CTranslate2's weights to the two ONNX graphs that sherpa-onnx runs.

The architecture is that of Radford et al., "Robust Speech Recognition via Large-Scale Weak
Supervision", 2022. The encoder computes the keys and values of the cross-attention once. The keys
and values of the self-attention are a cache, which is an input and an output of the decoder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from hwaja.models import ct2
from hwaja.models.errors import ModelError
from hwaja.models.quantise import save_int8
from hwaja.models.tokens import token_table
from hwaja.models.whisper_decoder import decoder
from hwaja.models.whisper_encoder import POSITIONS, encoder
from hwaja.models.whisper_layers import Weights


def convert(members: Path, folder: Path, precision: str) -> None:
    """Write encoder, decoder and token table in sherpa-onnx's format.

    Args:
        members: a folder with "model.bin.1" and "model.bin.2", which are the two parts of
            CTranslate2's model.bin, "tokenizer.json", and "config.json" with the alignment heads.
        folder: the folder for the result.
        precision: "int8" or "fp32".

    Raises:
        ModelError: where the members are not those of a Whisper model.

    """
    model = b"".join((members / f"model.bin.{part}").read_bytes() for part in (1, 2))
    weights = Weights(ct2.read(model, "WhisperSpec"))
    tokens = read_tokenizer((members / "tokenizer.json").read_bytes())
    (folder / "tokens.txt").write_text(token_table(tokens.pieces), encoding="ascii")
    try:
        metadata = _metadata(weights, tokens)
    except (KeyError, StopIteration) as error:
        raise ModelError("tokenizer.json does not have all tokens that Whisper needs.") from error
    heads = read_alignment_heads(
        (members / "config.json").read_bytes(), weights.decoder_layers, weights.heads
    )
    metadata["n_alignment_heads"] = len(heads)
    for part, model in (
        ("encoder", encoder(weights, metadata)),
        ("decoder", decoder(weights, heads)),
    ):
        if precision == "int8":
            save_int8(model, folder / f"{part}.int8.onnx")
        else:
            onnx.save(model, folder / f"{part}.onnx")


# OverflowError: Python's JSON parser accepts infinite numbers.
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The text pieces, and the special tokens by name."""

    pieces: dict[int, bytes]
    special: dict[str, int]

    @property
    def languages(self) -> dict[str, int]:
        """Language code to token: the special tokens between the start and the tasks."""
        first, last = self.special["startoftranscript"], self.special["translate"]
        codes = sorted((token, name) for name, token in self.special.items())
        return {name: token for token, name in codes if first < token < last}


def read_tokenizer(content: bytes) -> Tokens:
    """Parse a tokenizer.json with byte-level pieces.

    Raises:
        ModelError: where it is not a tokenizer of Whisper.

    """
    byte_of = _byte_of_character()
    try:
        document = json.loads(content)
        special = {
            token["content"].removeprefix("<|").removesuffix("|>"): int(token["id"])
            for token in document["added_tokens"]
        }
        end = special["endoftext"]
        pieces = {
            token: bytes(byte_of[character] for character in piece)
            for piece, token in document["model"]["vocab"].items()
            if token < end
        }
    except _UNREADABLE as error:
        raise ModelError("tokenizer.json does not belong to a Whisper model.") from error
    return Tokens(pieces, special)


def read_alignment_heads(
    content: bytes, decoder_layers: int, heads_per_layer: int
) -> list[tuple[int, int]]:
    """Return the alignment heads in CTranslate2's config.json: layer and head of each.

    Alignment heads are cross-attention heads that follow the speech. OpenAI determined them for
    each of its models (`_ALIGNMENT_HEADS` in whisper/__init__.py of openai/whisper), and
    CTranslate2 copies them.

    Raises:
        ModelError: where the file has none, or the model lacks such heads.

    """
    try:
        listed = json.loads(content)["alignment_heads"]
        heads = sorted((int(layer), int(head)) for layer, head in listed)
    except _UNREADABLE as error:
        raise ModelError("config.json does not list the alignment heads of Whisper.") from error
    known = range(decoder_layers), range(heads_per_layer)
    if not heads or not all(layer in known[0] and head in known[1] for layer, head in heads):
        raise ModelError("config.json lists alignment heads that this Whisper model does not have.")
    return heads


def _byte_of_character() -> dict[str, int]:
    """Return the inverse of GPT-2's byte encoding.

    A printable byte is its own character. Each other byte is the next of 256, 257, ...
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    spelled = {chr(0x100 + index): byte for index, byte in enumerate(others)}
    return spelled | {chr(byte): byte for byte in printable}


def _metadata(weights: Weights, tokens: Tokens) -> dict[str, Any]:
    """Return the metadata that sherpa-onnx reads from the encoder."""
    special, languages = tokens.special, tokens.languages
    space = next(token for token, piece in tokens.pieces.items() if piece == b" ")
    return {
        "model_type": "whisper",
        "version": 1,
        "n_mels": weights.mels,
        "n_audio_ctx": POSITIONS,
        "n_audio_state": weights.width,
        "n_audio_head": weights.heads,
        "n_audio_layer": weights.encoder_layers,
        "n_vocab": weights.vocabulary,
        "n_text_ctx": weights.text_positions,
        "n_text_state": weights.width,
        "n_text_head": weights.heads,
        "n_text_layer": weights.decoder_layers,
        "is_multilingual": int(bool(languages)),
        "all_language_codes": ",".join(languages),
        "all_language_tokens": ",".join(str(token) for token in languages.values()),
        "sot_sequence": f"{special['startoftranscript']},{languages['en']},{special['transcribe']}",
        "sot_index": 0,
        "sot": special["startoftranscript"],
        "eot": special["endoftext"],
        "blank_id": space,
        "no_speech": special["nospeech" if "nospeech" in special else "nocaptions"],
        "non_speech_tokens": "",  # sherpa-onnx reads it but never uses it
        "transcribe": special["transcribe"],
        "translate": special["translate"],
        "sot_prev": special["startofprev"],
        "sot_lm": special["startoflm"],
        "no_timestamps": special["notimestamps"],
    }
