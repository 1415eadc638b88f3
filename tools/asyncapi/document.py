"""Builds the AsyncAPI 3.0 document, as data and as text."""

import tomllib
from pathlib import Path
from typing import Any

import yaml

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.field_types import HELLO, RESUME
from hwaja.protocol.parse import MAX_TEXT_CHARS
from hwaja.server.config import Config
from hwaja.server.sessions.broadcast import WATCHED
from hwaja.server.sessions.watching import WATCH_PATH
from tools.asyncapi import catalogue, prose, sentences
from tools.asyncapi.catalogue import Message

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "asyncapi.yaml"

_HEADER = "# Made by `make asyncapi` from the server's own files; edit those. See tools/asyncapi.\n"

_CHANNEL = "conversation"
_WATCH_CHANNEL = "watch"

_ANSWERS = {
    "start_speaker_registration": "speaker_registration_started",
    "complete_speaker_registration": "speaker_registration_completed",
    "restore_speaker": "speaker_registration_completed",
    "start_transcription": "transcription_started",
    "stop_transcription": "transcription_stopped",
    "name_speaker": "speaker_named",
    "share_session": "session_shared",
    "finalize": "finalized",
    "update_transcription": "transcription_updated",
    "pause_transcription": "transcription_paused",
    "resume_transcription": "transcription_resumed",
}
"""The server's answers to a client's message; `error` may come instead."""


def _answers(kind: str) -> list[str]:
    return [_ANSWERS[kind]] if kind in _ANSWERS else []


def written() -> str:
    """Return the document as YAML."""
    return _HEADER + yaml.dump(
        document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


def document() -> dict[str, Any]:
    """Return the document."""
    client, server = catalogue.client_messages(), catalogue.server_messages()
    messages = {message.type: _message(message) for message in (*client, *server)}
    messages["audio"] = _audio()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "hwaja",
            "version": _version(),
            "description": prose.INFO,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"default": _server()},
        "channels": {_CHANNEL: _channel(messages), _WATCH_CHANNEL: _watch_channel()},
        "operations": _operations(client, server),
        "components": {
            "messages": messages,
            "schemas": {
                kind.__name__: catalogue.as_object(catalogue.part(kind), sentences.of_class(kind))
                for kind in catalogue.PARTS
            },
            "securitySchemes": prose.SECURITY,
        },
    }


def _version() -> str:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    return str(workspace["package"]["version"])


def _server() -> dict[str, Any]:
    defaults = Config()
    return {
        "host": "{host}:{port}",
        "protocol": "wss",
        "description": prose.SERVER,
        "variables": {
            "host": {"default": defaults.host, "description": "What `--host` makes reachable."},
            "port": {"default": str(defaults.port), "description": "As `--port` says."},
        },
        "security": [
            {"$ref": f"#/components/securitySchemes/{scheme}"} for scheme in prose.SECURITY
        ],
    }


def _channel(messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": "/",
        "description": prose.CHANNEL,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {RESUME: prose.RESUME_QUERY, HELLO: prose.HELLO_QUERY},
                },
                "headers": {
                    "type": "object",
                    "properties": {"Sec-WebSocket-Protocol": prose.SUBPROTOCOLS},
                },
            }
        },
        "x-hwaja-close-codes": prose.close_codes(),
    }


def _watch_channel() -> dict[str, Any]:
    names = [str(kind.__struct_config__.tag) for kind in WATCHED]
    return {
        "address": WATCH_PATH,
        "description": prose.WATCH_CHANNEL,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": {"Sec-WebSocket-Protocol": prose.WATCH_SUBPROTOCOLS},
                },
            }
        },
        "x-hwaja-beyond": True,
    }


def _operations(client: tuple[Message, ...], server: tuple[Message, ...]) -> dict[str, Any]:
    """Return the operations that receive and send messages, in the order of their modules."""
    received = {
        f"receive_{message.type}": _operation("receive", message.type, message.sentence)
        | {"reply": _through([*_answers(message.type), "error"])}
        for message in client
    }
    unasked = [message for message in server if message.type not in _ANSWERS.values()]
    sent = {
        f"send_{message.type}": _operation("send", message.type, message.sentence)
        for message in unasked
    }
    audio = {"receive_audio": _operation("receive", "audio", prose.AUDIO_SUMMARY)}
    watched = {
        "send_to_watchers": {
            "action": "send",
            "summary": prose.WATCH_SUMMARY,
            "channel": {"$ref": f"#/channels/{_WATCH_CHANNEL}"},
        }
    }
    return received | audio | sent | watched


def _operation(action: str, name: str, sentence: str) -> dict[str, Any]:
    return {"action": action, "summary": sentence} | _through([name])


def _through(names: list[str]) -> dict[str, Any]:
    channel = f"#/channels/{_CHANNEL}"
    return {
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in names],
    }


def _audio() -> dict[str, Any]:
    return {
        "summary": prose.AUDIO_SUMMARY,
        "description": prose.AUDIO,
        "contentType": f"audio/L16;rate={SAMPLE_RATE};channels=1",
        "payload": {"type": "string", "format": "binary"},
        "x-hwaja-byte-order": "little-endian",
        "x-hwaja-max-bytes": Config().max_message_bytes,
    }


def _message(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"name": message.type, "summary": message.sentence}
    if message.more:
        found["description"] = message.more
    if message in catalogue.client_messages():
        found["x-hwaja-max-characters"] = MAX_TEXT_CHARS
    return found | {
        **catalogue.marks(message.beyond, message.asked_by),
        "payload": catalogue.as_object(message.fields),
        "examples": [{"payload": payload} for payload in message.payloads],
    }


class _Dumper(yaml.SafeDumper):
    """Writes YAML without aliases, with block paragraphs and indented list items."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write repeated values in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = ">" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)
