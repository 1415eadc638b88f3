"""The command line: help, versions, and every refusal in one sentence."""

import os
import re
import socket
import subprocess
import sys
from dataclasses import Field
from pathlib import Path

import pytest

import hwaja
from hwaja.cli.main import main
from hwaja.language import Language
from hwaja.server import config
from hwaja.server.options import default_of, description_of, group_of, unit_of

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]


def refusal(capsys: Capture, *arguments: str) -> str:
    """The one sentence on stderr with which a command ends, exit code 1."""
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"hwaja: [^\n]+\n", captured.err)
    return captured.err.removeprefix("hwaja: ").removesuffix("\n")


def helped(capsys: Capture, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_the_commands(capsys: Capture) -> None:
    text = helped(capsys)
    names = ("serve", "models", "transcribe", "doctor", "bench")
    assert all(re.search(rf"^ +{name}\s", text, re.MULTILINE) for name in names)


@pytest.mark.parametrize(("language", "default"), [("en", "default"), ("ko", "기본값")])
@pytest.mark.parametrize("option", config.options(), ids=lambda option: option.name)
def test_help_of_serve_shows_the_description_variable_and_default_of_each_option(
    option: Field[object],
    language: Language,
    default: str,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    flag = option.name.replace("_", "-")
    said = (
        f"{description_of(option).said_in(language)} "
        f"[{default} {default_of(option, language)}; HWAJA_{option.name.upper()}]"
    )
    text = helped(capsys, "serve", "--lang", language)
    unit = f"(, --no-{flag}| {unit_of(option)})"
    assert re.search(rf"^  --{flag}{unit}\s+{re.escape(said)}$", text, re.MULTILINE)


def test_help_of_serve_groups_the_options_and_gives_units(capsys: Capture) -> None:
    text = helped(capsys, "serve")
    titles = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert titles == [
        "options",
        *dict.fromkeys(group_of(each).english for each in config.options()),
    ]
    for written in ("--idle-seconds SECONDS", "--max-message-bytes BYTES", "--cert FILE"):
        assert f"  {written} " in text.replace("\n", " \n")
    assert len(text.splitlines()[0]) < 80  # the usage does not repeat the options


def test_help_works_if_a_folder_has_a_percent_sign_in_its_name() -> None:
    command = [sys.executable, "-m", "hwaja", "serve", "--help"]
    environment = os.environ | {"XDG_DATA_HOME": "/data/100%s"}
    ended = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert b"/data/100%s/hwaja" in ended.stdout


def test_characters_that_the_locale_lacks_end_no_command() -> None:
    command = [sys.executable, "-m", "hwaja", "serve", "--help"]
    environment = os.environ | {"XDG_DATA_HOME": "/data/각█", "PYTHONIOENCODING": "euc-kr"}
    ended = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert "/data/각?/hwaja" in ended.stdout.decode("euc-kr")


@pytest.mark.parametrize("command", ["transcribe", "models", "doctor"])
def test_help_of_the_other_commands_lists_their_options(command: str, capsys: Capture) -> None:
    expected = {
        "transcribe": ["--mic", "--enroll", "--url", "--speed", "--json", "--cafile", "--insecure"],
        "models": ["list", "pull", "path"],
        "doctor": ["--json", "--seconds", "--config", "--provider", "--asr-model", "--dev-cert"],
    }
    text = helped(capsys, command)
    assert all(name in text for name in expected[command])


def test_the_version_is_that_of_the_package(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"hwaja {hwaja.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["serv"], ["serve", "--prot", "1"], ["models"]])
def test_an_unknown_command_or_option_shows_the_usage(
    arguments: list[str], capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: hwaja")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["serv"], "serve"),
        (["serve", "--dev-certificate"], "--dev-cert"),
        (["serve", "--prot", "1"], "--port"),
        (["transcribe", "--enrol", "a.wav", "--discovr"], "--discover"),
        (["transcribe", "--fast", "--format", "str"], "srt"),
        (["models", "pul"], "pull"),
    ],
)
def test_a_misspelt_command_option_or_value_is_answered_with_what_was_probably_meant(
    arguments: list[str], meant: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert f" Did you mean {meant}?" in capsys.readouterr().err


def test_a_misspelt_model_is_answered_with_what_was_probably_meant(capsys: Capture) -> None:
    assert " Did you mean whisper-base?" in refusal(capsys, "models", "path", "whisper-bas")


def test_ctrl_c_ends_a_command_with_the_exit_code_that_shells_expect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_arguments: object, **_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("hwaja.models.commands.run", interrupted)
    assert main(["models", "list"]) == 130


# Refusals -------------------------------------------------------------------------------------


@pytest.fixture
def junk(tmp_path: Path) -> str:
    file = tmp_path / "junk"
    file.write_text("nothing useful")
    return str(file)


def test_serving_without_a_certificate_explains_how_to_get_one(capsys: Capture) -> None:
    sentence = refusal(capsys, "serve")
    assert all(name in sentence for name in ("--cert", "--key", "--dev-cert"))


def test_a_certificate_without_a_key_is_refused(junk: str, capsys: Capture) -> None:
    assert refusal(capsys, "serve", "--cert", junk) == "cert and key must be set together."


def test_a_missing_or_invalid_certificate_is_named_in_the_error(junk: str, capsys: Capture) -> None:
    sentence = refusal(capsys, "serve", "--cert", junk, "--key", "/nowhere/key.pem")
    assert sentence == "The file /nowhere/key.pem does not exist."
    sentence = refusal(capsys, "serve", "--cert", junk, "--key", junk)
    assert sentence == f"{junk} and {junk} are not a certificate and its private key."


def test_a_folder_that_cannot_store_the_development_certificate_is_named_in_the_error(
    junk: str, capsys: Capture
) -> None:
    sentence = refusal(capsys, "serve", "--dev-cert", "--data-dir", f"{junk}/data")
    assert (
        sentence == f"The development certificate cannot be saved in {junk}/data: Not a directory."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "many"], "the command line sets port to 'many', which is not a valid value."),
        (["--port", "65536"], "port must be between 0 and 65535."),
        (["--workers", "0"], "workers must be at least 1."),
        (["--log-format", "xml"], "log_format must be console or json."),
        (["--config", "/nowhere.toml"], "/nowhere.toml cannot be read: No such file or directory."),
    ],
)
def test_an_invalid_value_of_an_option_is_named_in_the_error(
    arguments: list[str], sentence: str, capsys: Capture
) -> None:
    assert refusal(capsys, "serve", *arguments) == sentence


def test_the_environment_and_its_file_are_read(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_PORT", "70000")
    assert refusal(capsys, "serve") == "port must be between 0 and 65535."
    assert "--dev-cert" in refusal(capsys, "serve", "--port", "1")  # the flag won
    monkeypatch.setenv("HWAJA_PORT", "")
    monkeypatch.setenv("HWAJA_CONFIG", "/nowhere.toml")
    assert refusal(capsys, "serve") == "/nowhere.toml cannot be read: No such file or directory."
    file = tmp_path / "mine.toml"
    file.write_text("workers = 0")
    assert refusal(capsys, "serve", "--config", str(file)) == "workers must be at least 1."


def test_an_unknown_or_missing_model_is_named_in_the_error(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "whispre" in refusal(capsys, "models", "path", "whispre")
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    sentence = refusal(capsys, "models", "path", "whisper-base")
    assert "hwaja models pull whisper-base" in sentence
    arguments = ["serve", "--dev-cert", "--data-dir", str(tmp_path)]
    assert "hwaja models pull" in refusal(capsys, *arguments)


@pytest.mark.models
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--asr-model", "whispre"], "whispre"),
        (["--asr-model", "moonshine-tiny-en"], "does not know the language 'ko'"),
        (["--language", "xx"], "does not know the language 'xx'"),
    ],
)
def test_a_model_that_cannot_be_served_is_named_in_the_error(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    serve = ["serve", "--dev-cert", "--data-dir", str(tmp_path), "--workers", "1"]
    assert sentence in refusal(capsys, *serve, *arguments)


@pytest.mark.models
def test_a_port_in_use_is_named_in_the_error(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port comes from HWAJA_PORT here."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("HWAJA_PORT", str(port))
        serve = ["serve", "--dev-cert", "--data-dir", str(tmp_path), "--workers", "1"]
        english = ["--asr-model", "moonshine-tiny-en", "--language", "en"]
        sentence = refusal(capsys, *serve, *english, "--host", "127.0.0.1")
    assert sentence.startswith(f"Port {port} of 127.0.0.1 is in use")
    assert re.search(r"Run: hwaja serve .* --port \d+$", sentence)


def test_all_that_keeps_a_server_from_starting_is_told_at_once_with_one_command(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = ["--host", "127.0.0.1", "--port", port, "--lang", "ko"]
        assert main(["serve", *given]) == 1
    title, *problems, command = capsys.readouterr().err.splitlines()
    assert "3가지 이유" in title
    assert [each for each in ("--dev-cert", "whisper-base", port) if each in " ".join(problems)]
    assert len(problems) == 3
    kept = "--host 127.0.0.1 --lang ko"  # the port that is in use is given no second time
    prepared = f"hwaja models pull && hwaja serve {kept} --dev-cert --port "
    assert command.rpartition(" ")[0] + " " == f"실행할 명령: {prepared}"


@pytest.mark.models
def test_cuda_is_refused_if_it_is_not_installed_with_the_command_that_installs_it(
    tmp_path: Path, capsys: Capture
) -> None:
    serve = ["serve", "--dev-cert", "--data-dir", str(tmp_path), "--provider", "cuda"]
    sentence = refusal(capsys, *serve)
    assert sentence == (
        "The installed onnxruntime knows no CUDA; "
        "for a GPU, uninstall it and install hwaja[gpu] in place of hwaja[cpu]."
    )


def test_without_onnxruntime_the_error_says_what_to_install(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("hwaja.server.application.locate", lambda name: tmp_path / name)
    sentence = refusal(capsys, "serve", "--dev-cert", "--data-dir", str(tmp_path))
    assert "hwaja[cpu]" in sentence


CLIENT_ONLY = """
import sys
SERVER = {"cryptography", "onnx", "onnxruntime", "prometheus_client", "sherpa_onnx", "structlog"}
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in SERVER:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import importlib.util
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in SERVER else known(name, *rest)
from hwaja.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def client_only(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where only the client is installed."""
    command = [sys.executable, "-c", CLIENT_ONLY, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["serve --dev-cert", "models list", "doctor --json"])
def test_with_the_client_alone_a_server_command_says_what_to_install(command: str) -> None:
    ended = client_only(*command.split())
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "hwaja: This command needs: pip install 'hwaja[server,cpu]'.\n"


def test_with_the_client_alone_a_conversation_can_be_transcribed(tmp_path: Path) -> None:
    """The command fails only at its first file, which is missing."""
    files = ["--enroll", "a.wav", "--enroll", "b.wav"]
    ended = client_only("transcribe", *files, str(tmp_path / "talk.wav"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("hwaja: a.wav does not exist.")


def test_without_the_benchmarks_the_error_says_how_to_install_them(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwaja.cli.main.entry_points", lambda **_: ())
    for arguments in (["load", "--clients", "2"], ["--help"], []):
        said = refusal(capsys, "bench", *arguments)
        assert said == "The benchmarks need: pip install hwaja-bench."
