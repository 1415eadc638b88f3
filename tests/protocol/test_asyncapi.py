"""docs/asyncapi.yaml and the tables of docs/protocol.md: valid, and what the server's files say."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import CLIENT, DOCUMENT, MESSAGES
from tools.asyncapi import catalogue, document, examples, page
from tools.asyncapi.examples import Example

from hwaja.protocol.codes import ADVICE, CloseCode, ErrorCode, Reason
from hwaja.protocol.field_types import HELLO, RESUME
from hwaja.protocol.server_messages import AudioReceived

CHECK = Path(__file__).resolve().parents[1] / "asyncapi"
"""AsyncAPI's own parser, for node."""

PAGE = page.FILE.read_text(encoding="utf-8")


def test_the_document_is_up_to_date() -> None:
    assert document.FILE.read_text(encoding="utf-8") == document.written(), "run: make asyncapi"


def test_the_tables_of_the_page_are_up_to_date() -> None:
    assert page.filled(PAGE) == PAGE, "run: make asyncapi"
    assert "<!-- made: transcription -->" in PAGE


def test_an_unknown_generated_section_is_an_error() -> None:
    with pytest.raises(KeyError):
        page.filled("<!-- made: nonsense -->\n<!-- /made -->\n")


def test_an_undescribed_key_of_a_message_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newer = Example(AudioReceived, {"type": "audio_received", "received_samples": 1, "newer": 1})
    monkeypatch.setattr(examples, "SERVER", (*examples.SERVER, newer))
    with pytest.raises(ValueError, match="newer"):
        catalogue.server_messages()


def test_a_field_without_an_example_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [example for example in examples.SERVER if "tokens" not in example.payload]
    monkeypatch.setattr(examples, "SERVER", shown)
    with pytest.raises(ValueError, match="tokens"):
        catalogue.server_messages()


def checked(text: str) -> dict[str, Any]:
    """What AsyncAPI's own parser says of a document."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node, which is not installed")
    if not (CHECK / "node_modules").is_dir():
        pytest.skip("needs AsyncAPI's parser: cd tests/asyncapi && npm ci (make test does it)")
    run = subprocess.run(
        [node, CHECK / "check.js"], input=text.encode(), capture_output=True, check=True
    )
    found = json.loads(run.stdout)
    assert isinstance(found, dict)
    return found


def test_the_asyncapi_parser_accepts_the_document() -> None:
    text = document.FILE.read_text(encoding="utf-8")
    assert checked(text) == {"version": "3.0.0", "faults": []}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("action: receive", "action: hear"),
        ("/messages/interim", "/messages/nothing"),
        ("type: integer", "type: whole"),
    ],
)
def test_the_asyncapi_parser_detects_a_wrong_word_reference_or_type(right: str, wrong: str) -> None:
    text = document.FILE.read_text(encoding="utf-8")
    assert right in text
    assert checked(text.replace(right, wrong, 1))["faults"]


def properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of every object in a part of the document."""
    for value in schema.values() if isinstance(schema, dict) else ():
        yield from properties(value)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield from schema["properties"].items()


def test_every_field_of_a_message_is_described() -> None:
    described = dict(properties(DOCUMENT["components"]["schemas"]))
    for message in MESSAGES.values():
        described |= properties(message["payload"])
    assert {"speaker_id", "scores", "boost", "agreement"} <= set(described)
    assert [name for name, schema in described.items() if not schema.get("description")] == []


def test_every_option_that_requests_an_addition_is_a_field_of_a_client_message() -> None:
    options = {RESUME, HELLO, *(name for name in CLIENT if MESSAGES[name].get("x-hwaja-beyond"))}
    for name in CLIENT:
        options |= {
            field
            for field, schema in properties(MESSAGES[name]["payload"])
            if schema.get("x-hwaja-beyond")
        }
    named = [message.get("x-hwaja-asked-by", []) for message in MESSAGES.values()]
    for message in MESSAGES.values():
        named += [schema.get("x-hwaja-asked-by", []) for _, schema in properties(message)]
    assert {wish for options in named for wish in options} <= options
    assert len(list(filter(None, named))) > 20


def rows(heading: str) -> str:
    """The table under a heading of the page that is written by hand."""
    found = re.search(rf"^\| {heading} \|.*?\n\n", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[0]


def test_the_page_explains_every_code_and_reason() -> None:
    refusals, advice = rows("code [|] reason [|] when"), rows("warning [|] when")
    assert set(re.findall(r"^\| `([A-Z_]+)`", refusals, re.MULTILINE)) == set(ErrorCode)
    named = {*re.findall(r"`([a-z_]+)`", advice), *re.findall(r"`([a-z_]+)`", refusals)}
    assert named >= set(Reason)
    assert set(re.findall(r"^\| `([a-z_]+)`", advice, re.MULTILINE)) == set(ADVICE)


def test_the_page_lists_every_close_code_of_the_server() -> None:
    listed = re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE)
    assert set(map(int, listed)) >= set(CloseCode)
