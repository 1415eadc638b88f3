"""The models in the cache give the output of the PyTorch exports of the same weights."""

import base64
import hashlib
import json
from pathlib import Path

import ctranslate2
import numpy as np
import onnx
import pytest
from onnx_runs import Array, metadata_of, session

from hwaja.engines.ctranslate2.whisper_tokens import read_vocabulary
from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES
from hwaja.models import all_models, entry, locate
from hwaja.models.cache import PROVENANCE
from hwaja.models.conversion import campplus

pytestmark = pytest.mark.models

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
TOLERANCE = 1e-3


def reference(name: str) -> Path:
    """Return a reference file; skip the test where it is not there."""
    file = REFERENCE / name
    if not file.exists():
        pytest.skip(f"{file} is not there: it is kept beside the repository, not in it")
    return file


@pytest.fixture(scope="module")
def parity() -> dict[str, Array]:
    with np.load(reference("parity.npz")) as arrays:
        return dict(arrays)


def logits_after(prompt: Array, mel: Array, compute_type: str) -> Array:
    """Return the logits of the token after a prompt."""
    model = ctranslate2.models.Whisper(
        str(locate("whisper-base")), compute_type=compute_type, intra_threads=1
    )
    (found,) = model.generate(
        ctranslate2.StorageView.from_array(mel),
        [prompt.tolist()],
        beam_size=1,
        max_length=8,
        suppress_blank=False,
        suppress_tokens=[],
        return_logits_vocab=True,
    )
    return np.array(found.logits[0][0], np.float32)


def embed(features: Array) -> Array:
    (embedding,) = session(locate("campplus") / "campplus.onnx").run(None, {"x": features})
    return np.asarray(embedding).reshape(len(features), -1, campplus.EMBEDDING_DIM)


def windows_in(frames: int) -> int:
    """Return how many windows there are: one for each 16 frames, of which the network makes 8."""
    behind_the_network = -(-frames // 2)
    return -(-behind_the_network // campplus.HOP_FRAMES)


def cosine(a: Array, b: Array) -> float:
    return float(a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b))


def difference(found: Array, expected: Array) -> float:
    """Return the largest difference, relative to the largest value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def test_campplus_gives_the_embedding_of_the_reference(parity: dict[str, Array]) -> None:
    found, expected = embed(parity["campplus_x"])[:, 0], parity["campplus_embedding"]
    assert found.shape == expected.shape
    assert 1 - cosine(found, expected) < TOLERANCE
    assert difference(found, expected) < TOLERANCE


@pytest.mark.parametrize("frames", [50, 199, 201, 437])
def test_campplus_gives_each_clip_of_a_batch_its_own_embedding(frames: int) -> None:
    """Whatever the length: the last segment of the context is shorter than the others."""
    features = np.random.default_rng(frames).standard_normal((2, frames, 80)).astype(np.float32)
    together = embed(features)
    assert together.shape == (2, 1 + windows_in(frames), 192)
    for k in range(2):
        assert difference(together[[k]], embed(features[[k]])) < TOLERANCE


def test_campplus_embeds_a_clip_of_one_window_like_the_whole() -> None:
    """One window covers all of a few frames, with its middle in the right place."""
    features = np.random.default_rng(1).standard_normal((1, 16, 80)).astype(np.float32)
    whole, window = embed(features)[0]
    assert difference(window, whole) < TOLERANCE


def test_campplus_embeds_in_each_window_the_audio_around_it(parity: dict[str, Array]) -> None:
    """Windows within the first half change little with what comes after it."""
    features = parity["campplus_x"]
    rows = embed(features)[0]
    apart = [cosine(rows[k], rows[k + 1]) for k in range(1, len(rows) - 1)]
    distant = cosine(rows[1], rows[-1])
    assert min(apart) > distant


def test_campplus_has_no_operator_that_sherpas_onnxruntime_computes_differently() -> None:
    """Its AveragePool, with a last segment that is shorter, gave wrong embeddings silently."""
    nodes = onnx.load(locate("campplus") / "campplus.onnx").graph.node
    assert "AveragePool" not in {node.op_type for node in nodes}


def test_campplus_has_the_metadata_that_sherpa_onnx_reads() -> None:
    assert metadata_of(locate("campplus") / "campplus.onnx") == {
        "framework": "3d-speaker",
        "language": "Chinese-English",
        "sample_rate": "16000",
        "output_dim": "192",
        "normalize_samples": "1",
        "feature_normalize_type": "global-mean",
        "window_samples": str(WINDOW_SAMPLES),
        "hop_samples": str(HOP_SAMPLES),
    }


def test_whisper_says_what_the_reference_says(parity: dict[str, Array]) -> None:
    (prompt,), (expected,) = parity["whisper_tokens"], parity["whisper_logits_last"]
    logits = logits_after(prompt, parity["whisper_mel"], "float32")
    assert np.abs(logits - expected).max() < TOLERANCE


def test_whisper_in_eight_bits_says_nearly_the_same(parity: dict[str, Array]) -> None:
    (prompt,), (expected,) = parity["whisper_tokens"], parity["whisper_logits_last"]
    assert cosine(logits_after(prompt, parity["whisper_mel"], "int8"), expected) > 0.99


def test_whisper_has_the_tokens_of_the_reference() -> None:
    expected = json.loads(reference("whisper_metadata.json").read_text(encoding="utf-8"))
    vocabulary = read_vocabulary(locate("whisper-base"))
    assert vocabulary.count == int(expected["n_vocab"])
    assert len(vocabulary.pieces) == int(expected["eot"])
    codes, tokens = (
        expected[key].split(",") for key in ("all_language_codes", "all_language_tokens")
    )
    found = vocabulary.language_tokens
    assert found.keys() == set(codes)
    whole = tokens[:-1]  # the reference's are cut in the middle of one
    assert [str(found[code]) for code in codes[: len(whole)]] == whole
    assert vocabulary.prompt("ko") == [
        int(expected["sot"]),
        found["ko"],
        int(expected["transcribe"]),
        int(expected["no_timestamps"]),
    ]


def test_a_token_table_numbers_its_pieces_without_a_gap() -> None:
    lines = (locate("moonshine-tiny-en") / "tokens.txt").read_text(encoding="ascii").splitlines()
    pieces = [base64.b64decode(line.split()[0] if line[0] != " " else "") for line in lines]
    assert [int(line.split()[-1]) for line in lines] == list(range(len(lines)))
    assert len(lines) > 30_000
    assert b" " in pieces


def test_moonshine_has_the_files_that_sherpa_onnx_loads() -> None:
    names = {path.name for path in locate("moonshine-tiny-en").iterdir()}
    assert names >= {"encoder_model.ort", "decoder_model_merged.ort", "tokens.txt"}


@pytest.mark.parametrize("name", [model.name for model in all_models() if model.sets])
def test_the_provenance_of_a_pulled_model_is_correct(name: str) -> None:
    """It lists the files as they are, and wheels of the catalogue."""
    folder = locate(name)
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    for file, digest in provenance["files"].items():
        with (folder / file).open("rb") as stream:
            assert hashlib.file_digest(stream, "sha256").hexdigest() == digest
    assert provenance["files"].keys() | {PROVENANCE} == {path.name for path in folder.iterdir()}
    sources = [
        {wheel.file: wheel.sha256 for wheel in source.wheels} for source in entry(name).sources
    ]
    assert provenance["wheels"] in sources
    assert entry(name).attribution in (folder / "LICENSE").read_text(encoding="utf-8")
