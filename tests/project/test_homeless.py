"""A user without a home and without an entry in the list of users: `docker run --user 12345`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hwaja.models import cache_root

WITHOUT_A_HOME = """
import pwd, sys
def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
from hwaja.cli.main import main
sys.argv[0] = "hwaja"
sys.exit(main())
"""


def ended(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `hwaja` as such a user, with nothing in the environment that names a folder."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_A_HOME, *arguments],
        env=kept | {"LC_ALL": "C.UTF-8"} | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("command", ["", "serve", "transcribe"])
def test_help_works_without_a_home_folder(command: str) -> None:
    run = ended(*command.split(), "--help")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: hwaja")


def test_version_works_without_a_home_folder() -> None:
    assert ended("--version").stdout.startswith("hwaja ")


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["models", "list"], "HWAJA_CACHE"),
        (["models", "path", "campplus"], "HWAJA_CACHE"),
        (["models", "pull", "campplus"], "HWAJA_CACHE"),
        (["serve", "--plain-ws", "loopback"], "HWAJA_CACHE"),
    ],
    ids=" ".join,
)
def test_a_command_that_needs_a_folder_names_the_variable_that_sets_it(
    arguments: list[str], variable: str
) -> None:
    run = ended(*arguments)
    assert run.returncode == 1
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("hwaja: This user has no home folder ")
    assert variable in sentence


def test_a_server_that_needs_both_folders_names_both_variables_at_once() -> None:
    run = ended("serve", "--dev-cert", "--port", "0")
    assert run.returncode == 1
    _, *sentences = run.stderr.splitlines()
    assert ["HWAJA_DATA_DIR" in sentences[0], "HWAJA_CACHE" in sentences[1]] == [True, True]


@pytest.mark.models
def test_the_doctor_names_both_variables_and_continues() -> None:
    run = ended("doctor", "--dev-cert", "--provider", "cpu", "--seconds", "0", "--lang", "en")
    assert run.returncode == 1
    assert run.stderr.count("Traceback") == 0
    assert all(name in run.stdout for name in ("HWAJA_CACHE", "HWAJA_DATA_DIR", "✓ memory"))


def test_the_client_works_without_a_home_folder() -> None:
    """It uses the certificates of the system and gives its usual error."""
    run = ended("transcribe", "--enroll", "a.wav", "--enroll", "b.wav", "talk.wav")
    assert (run.returncode, run.stderr) == (1, "hwaja: a.wav does not exist.\n")


@pytest.mark.models
def test_a_command_works_without_a_home_folder_if_its_variable_is_set(tmp_path: Path) -> None:
    run = ended("models", "path", "campplus", HWAJA_CACHE=str(cache_root()))
    assert run.stdout == f"{cache_root() / 'campplus'}\n"
    run = ended("serve", "--asr-model", "~/mine", "--plain-ws", "loopback", "--port", "0",
                HWAJA_CACHE=str(cache_root()), HWAJA_DATA_DIR=str(tmp_path))  # fmt: skip
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("hwaja: ")
    assert "~/mine" in sentence
