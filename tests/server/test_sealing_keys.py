"""The keys of voice tickets: those of a file, and one that the server creates."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hwaja.privacy.sealing import UnknownKeyError
from hwaja.server.access.sealing_keys import SealingKeys
from hwaja.server.config import ConfigError

SECRET, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    file.touch(mode=0o600)
    return file


def sealed(keys: SealingKeys) -> str:
    return keys.ring.first.seal("voice", b"a voice")


def opened(keys: SealingKeys, text: str) -> bytes:
    return keys.ring.open("voice", text)[1]


def test_a_file_holds_one_key_per_line_and_the_first_one_seals(file: Path) -> None:
    file.write_text(f"# of the summer\n{SECRET}\n")
    text = sealed(SealingKeys(file, None))
    file.write_text(f"{OTHER}\n\n {SECRET} \n")
    rotated = SealingKeys(file, None)
    assert opened(rotated, text) == b"a voice"
    file.write_text(OTHER)
    assert opened(SealingKeys(file, None), sealed(rotated)) == b"a voice"


def test_rotated_keys_are_taken_on_reload_and_a_faulty_file_changes_nothing(file: Path) -> None:
    file.write_text(SECRET)
    keys = SealingKeys(file, None)
    text = sealed(keys)
    file.write_text("no key")
    with pytest.raises(ConfigError):
        keys.reload()
    assert opened(keys, text) == b"a voice"
    file.write_text(OTHER)
    keys.reload()
    before = SealingKeys(file, None)
    assert opened(before, sealed(keys)) == b"a voice"


@pytest.mark.parametrize("text", ["", "# none\n", SECRET[:-2], f"{SECRET} {SECRET}", "비밀" * 16])
def test_an_invalid_file_is_refused_and_the_error_does_not_quote_it(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        SealingKeys(file, None)
    assert str(caught.value) == (
        f"{file} must contain only keys, one per line, each of 64 hexadecimal digits; "
        "`openssl rand -hex 32` makes a key."
    )


def test_a_missing_file_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys cannot be read: No such file or directory\.$"):
        SealingKeys(tmp_path / "keys", tmp_path)


def test_a_file_that_other_users_can_change_is_refused(file: Path) -> None:
    file.write_text(SECRET)
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="is not safe to use"):
        SealingKeys(file, None)


def test_a_file_that_every_user_can_read_is_warned_about(file: Path) -> None:
    file.write_text(SECRET)
    file.chmod(0o644)
    with capture_logs() as log:
        SealingKeys(file, None)
    assert [line["event"] for line in log] == [
        "every user of this machine can read the ticket keys"
    ]


def test_without_a_file_a_key_is_created_when_it_is_first_needed_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    keys = SealingKeys(None, folder)
    assert not folder.exists(), "a server without tickets writes nothing"
    text = sealed(keys)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert opened(SealingKeys(None, folder), text) == b"a voice"


def test_a_deleted_key_is_replaced_after_a_reload(tmp_path: Path) -> None:
    """So that every ticket is revoked."""
    keys = SealingKeys(None, tmp_path)
    text = sealed(keys)
    (tmp_path / "ticket-keys").unlink()
    keys.reload()
    with pytest.raises(UnknownKeyError):
        opened(keys, text)
    assert opened(SealingKeys(None, tmp_path), sealed(keys)) == b"a voice"


def test_two_servers_that_create_the_key_at_once_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SealingKeys(None, tmp_path)
    link = Path.hardlink_to

    def second(self: Path, target: Path) -> None:
        monkeypatch.setattr(Path, "hardlink_to", link)
        sealed(other)  # it was quicker
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", second)
    assert opened(SealingKeys(None, tmp_path), sealed(other)) == b"a voice"
    assert [each.name for each in tmp_path.iterdir()] == ["ticket-keys"]


@pytest.mark.parametrize("why", ["no folder", "not writable", "not safe"])
def test_where_no_key_can_be_kept_it_is_in_memory_and_the_log_says_so(
    why: str, tmp_path: Path
) -> None:
    folder: Path | None = tmp_path / "data"
    if why == "no folder":
        folder = None
    elif why == "not writable":
        (tmp_path / "data").write_text("a file")
    else:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "ticket-keys").write_text(SECRET)
        (tmp_path / "data" / "ticket-keys").chmod(0o666)
    keys = SealingKeys(None, folder)
    with capture_logs() as log:
        text = sealed(keys)
    assert [line["event"] for line in log] == ["tickets are good until the server stops"]
    assert opened(keys, text) == b"a voice"
    assert all(each.name == "data" for each in tmp_path.iterdir())
