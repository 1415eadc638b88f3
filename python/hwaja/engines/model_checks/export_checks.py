"""Checks that streaming and offline models have in common."""

from collections.abc import Collection
from pathlib import Path

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.model_files import (
    Model,
    Numbers,
    TokenTable,
    axis_of,
    only_file,
    read_tokens,
)

GREEDY_SEARCH = "greedy_search"
BEAM_SEARCH = "modified_beam_search"

AUTO_LANGUAGE = "auto"
"""Language code with which a multilingual model detects the spoken language."""

MEL_BINS = 80


def tokens_of(folder: Path) -> TokenTable:
    """Return the token table of a folder.

    Raises:
        EngineError: where there is none, or it is invalid.

    """
    return read_tokens(only_file(folder, "*tokens.txt"))


def check_method(folder: Path, decoding_method: str, known: Collection[str]) -> None:
    """Check that a model is decoded by one of the methods in `known`.

    Raises:
        EngineError: where it is not.

    """
    if decoding_method not in known:
        raise EngineError(
            f"{folder.name} is decoded by {' or '.join(known)}, not by {decoding_method!r}."
        )


def check_vocabulary(tokens: TokenTable, scores: Model, vocabulary: int) -> None:
    """Check that the token table has every token that the model can emit.

    Raises:
        EngineError: where it lacks one, or the model scores another number of tokens.

    """
    if scores.scored_tokens not in (None, vocabulary):
        raise EngineError(f"{scores.path} scores {scores.scored_tokens} tokens, not {vocabulary}.")
    tokens.require(vocabulary)


def require_tokens(tokens: TokenTable, needed: Collection[str]) -> None:
    """Check that a table has some tokens.

    Raises:
        EngineError: where it lacks one.

    """
    missing = sorted(set(needed) - set(tokens.tokens.values()))
    if missing:
        raise EngineError(f"{tokens.path} lacks the tokens {', '.join(missing)}.")


def check_nemo_vocabulary(
    tokens: TokenTable, scores: Model, numbers: Numbers, *, durations: bool = False
) -> None:
    """Check the vocabulary of a NeMo model that counts all tokens but the blank, the last one.

    Args:
        tokens: its table.
        scores: the file whose first output scores the tokens.
        numbers: the metadata.
        durations: whether it also scores how many frames to skip, after the tokens.

    Raises:
        EngineError: where it is another one.

    """
    vocabulary = numbers["vocab_size"][0] + 1
    scored = scores.scored_tokens
    if not durations:
        check_vocabulary(tokens, scores, vocabulary)
    elif scored is None or scored <= vocabulary:
        raise EngineError(f"{scores.path} scores {scored} tokens, no durations after {vocabulary}.")
    tokens.require(vocabulary)
    if len(tokens.tokens) != vocabulary or tokens.tokens[vocabulary - 1] != "<blk>":
        raise EngineError(
            f"{tokens.path} must have {vocabulary} tokens, of which <blk> is the last."
        )


def check_ctc_vocabulary(
    tokens: TokenTable, model: Model, numbers: Numbers, *, named_blank: bool = True
) -> None:
    """Check the vocabulary of a CTC model; with `named_blank`, it has a token for the blank.

    Raises:
        EngineError: where it is another one.

    """
    scores = next(iter(model.outputs.values()))
    if len(scores) != 3:
        raise EngineError(f"{model.path} has scores of {len(scores)} axes, not 3.")
    # The number of tokens is in the metadata of some models, in the shape of others, or absent.
    known = numbers["vocab_size"][0] if "vocab_size" in numbers else scores[-1]
    check_vocabulary(tokens, model, known or len(tokens.tokens))
    if named_blank and not {"<blk>", "<eps>", "<blank>"} & set(tokens.tokens.values()):
        raise EngineError(f"{tokens.path} has no token <blk>, <eps> or <blank>.")


def feature_dim(model: Model, axis: int, *, fixed: bool = False) -> int:
    """Return the number of mel bins in a model's input.

    Raises:
        EngineError: where the file does not say it, and no number is assumed (`fixed`).

    """
    bins = axis_of(next(iter(model.inputs.values())), axis)
    if bins is None and fixed:
        raise EngineError(f"{model.path} does not say how many mel bins it hears.")
    return bins or MEL_BINS


def check_normalisation(model: Model, known: Collection[str] = ("", "NA", "per_feature")) -> None:
    """Check that sherpa-onnx can normalise the features as a NeMo model needs them.

    Raises:
        EngineError: where it cannot.

    """
    if model.metadata.get("normalize_type", "") not in known:
        raise EngineError(f"{model.path} has features normalised in a way sherpa-onnx lacks.")
