"""Errors of options, models, files, the microphone and connections, in the language asked for."""

import errno
import os
import re
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from one_language import assert_in_one_language, printed

from hwaja.language import LANGUAGES, Language
from hwaja.language.korean import system

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def junk(tmp_path: Path) -> str:
    file = tmp_path / "junk"
    file.write_text("nothing useful /")
    file.chmod(0o600)  # nothing is logged about it
    return str(file)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "many"],
        ["--port", "70000"],
        ["--lan", "--plain-ws", "loopback"],
        ["--provider", "gpu"],
        ["--workers", "0"],
        ["--ping-seconds", "0"],
        ["--max-file-jobs", "-1"],
        ["--max-enrolment-seconds", "31"],
        ["--decoding-method", "none"],
        ["--plain-ws", "on"],
        ["--plain-ws", "loopback", "--host", "0.0.0.0"],  # noqa: S104
        ["--node", "A"],
        ["--finish-seconds", "1"],
        ["--engines", "ray"],
        ["--min-engines", "2"],
        ["--hosts", "a/b"],
        ["--origins", "here"],
        ["--peers", "here"],
        ["--proxies", "here"],
        ["--traces-url", "here"],
        ["--cert", "{junk}"],
        ["--config", "/nowhere.toml"],
        ["--config", "{junk}"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_of_the_server_is_told_in_the_language(
    arguments: list[str], language: Language, junk: str, capsys: Capture
) -> None:
    given = [each.format(junk=junk) for each in arguments]
    text = printed(capsys, "serve", *given, "--lang", language)
    assert text.startswith("hwaja: ")
    assert_in_one_language(text, language, junk)


def test_a_wrong_variable_and_an_unknown_key_are_told_in_korean(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_PORT", "many")
    assert printed(capsys, "serve", "--lang", "ko") == (
        "hwaja: 환경 변수에서 설정한 port의 값 'many'은(는) 올바르지 않습니다.\n"
    )
    file = tmp_path / "mine.toml"
    file.write_text("prot = 1")
    assert printed(capsys, "serve", "--lang", "ko", "--config", str(file)) == (
        f"hwaja: {file}에서 설정한 prot은(는) 없는 옵션입니다. 혹시 port인가요?\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_keeps_the_server_from_starting_is_told_in_the_language(
    language: Language, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No certificate, a model that does not exist, models that are missing, and a taken port."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = ["--host", "127.0.0.1", "--port", port, "--asr-model", "whisper-bas"]
        text = printed(capsys, "serve", *given, "--lang", language)
    assert len(text.splitlines()) == 6  # a title, the reasons, and what to run
    names = "silero-vad, campplus, pyannote-segmentation"
    assert_in_one_language(text, language, names)
    text = printed(capsys, "demo", "--lang", language)
    assert_in_one_language(text, language)


@pytest.mark.models
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--cert", "/nowhere/cert.pem", "--key", "{junk}"],
        ["--cert", "{junk}", "--key", "{junk}"],
        ["--cert", "{open}", "--key", "{junk}"],
        ["--dev-cert", "--data-dir", "{junk}/data"],
        ["--dev-cert", "--token-file", "/nowhere"],
        ["--dev-cert", "--token-file", "{junk}"],
        ["--dev-cert", "--token-file", "{open}"],
        ["--dev-cert", "--ticket-key-file", "{junk}"],
        ["--dev-cert", "--asr-model", "moonshine-tiny-en"],
        ["--dev-cert", "--asr-model", "{folder}"],
        ["--dev-cert", "--host", "no.such.host.invalid"],
        ["--dev-cert", "--provider", "cuda"],
    ],
    ids=" ".join,
)
def test_a_file_or_model_that_cannot_be_served_is_told_in_the_language(
    arguments: list[str], language: Language, junk: str, tmp_path: Path, capsys: Capture
) -> None:
    opened = tmp_path / "open"
    opened.write_text("nothing useful")
    opened.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IWOTH)
    folder = tmp_path / "model"
    folder.mkdir()
    values = {"junk": junk, "open": str(opened), "folder": str(folder)}
    given = [each.format(**values) for each in arguments]
    common = ["--data-dir", str(tmp_path), "--workers", "1", "--port", "0"]
    text = printed(capsys, "serve", *common, *given, "--lang", language)
    assert re.fullmatch(r"hwaja: [^\n]+\n", text)
    assert_in_one_language(text, language, *values.values())


def test_the_system_says_in_korean_why_a_file_cannot_be_used() -> None:
    """These are the errors that files and sockets usually have."""
    names = "ENOENT EACCES EPERM EISDIR ENOTDIR EROFS ENOSPC EIO EADDRINUSE EADDRNOTAVAIL EMFILE"
    said = [os.strerror(getattr(errno, name)) for name in names.split()]
    assert set(said) <= set(system.SENTENCES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["transcribe"],
        ["transcribe", "--discover"],
        ["transcribe", "/nowhere.wav", "--discover"],
        ["transcribe", "{junk}", "--discover"],
        ["transcribe", "{junk}", "--discover", "--speed", "-1"],
        ["transcribe", "{junk}", "--discover", "--output", "talk.doc", "--fast"],
        ["transcribe", "{junk}", "--discover", "--fast", "--interim"],
        ["transcribe", "{junk}", "--discover", "--fast", "--cafile", "{junk}"],
        ["transcribe", "{junk}", "--discover", "--fast", "--token-file", "{junk}"],
        ["transcribe", "{talk}", "--discover", "--cafile", "{junk}"],
        ["transcribe", "{talk}", "--discover", "--url", "wss://localhost:1"],
        ["transcribe", "{talk}", "--discover", "--url", "localhost"],
        ["transcribe", "{talk}", "--voice", "/nowhere", "--voice", "{junk}"],
        ["transcribe", "{talk}", "--channels"],
        ["enroll-check", "/nowhere.wav"],
        ["enroll-check", "{junk}"],
        ["enroll-check", *"abcdefghi"],
    ],
    ids=" ".join,
)
def test_a_file_or_server_of_the_client_is_told_in_the_language(
    arguments: list[str], language: Language, files: dict[str, str], junk: str, capsys: Capture
) -> None:
    given = [each.format(junk=junk, **files) for each in arguments]
    text = printed(capsys, *given, "--lang", language)
    assert text.startswith("hwaja: ")
    assert_in_one_language(text, language, *given)


class NoSoundCard:
    """A sound library without a device."""

    class PortAudioError(Exception):
        pass

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def RawInputStream(self, *_: object, **__: object) -> None:  # noqa: N802
        raise self.PortAudioError(self._reason)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "sound_library",
    [
        lambda: NoSoundCard("Error querying device -1"),
        lambda: NoSoundCard(
            "Error opening RawInputStream: Invalid sample rate [PaErrorCode -9997]"
        ),
    ],
)
def test_a_microphone_that_cannot_be_used_is_told_in_the_language(
    sound_library: Callable[[], NoSoundCard],
    language: Language,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hwaja.cli.transcribe.sound_library", sound_library)
    text = printed(capsys, "transcribe", "--mic", "--discover", "--lang", language)
    assert "python -m sounddevice" in text
    assert_in_one_language(text, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_sound_library_is_told_in_the_language(
    language: Language, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    text = printed(capsys, "transcribe", "--mic", "--discover", "--lang", language)
    assert "hwaja[mic]" in text
    assert_in_one_language(text, language)
