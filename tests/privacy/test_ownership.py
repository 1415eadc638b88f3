"""Files that other users can change are refused: tokens, keys, folders, locks."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from handshakes import issue
from structlog.testing import capture_logs

from hwaja.models import ModelError
from hwaja.models.cache import locked
from hwaja.privacy.ownership import changeable_by
from hwaja.server.access.bearer import Tokens
from hwaja.server.config import Config, ConfigError
from hwaja.server.network.tls import TlsError, server_tls, tls_context

RIGHT = "0123456789abcdef"
NOBODY = 65_534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def give_away(path: Path) -> None:
    os.chown(path, NOBODY, -1)


def open_up(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


HARMS = [
    pytest.param(give_away, f"belongs to another user (uid {NOBODY})", marks=only_root),
    pytest.param(open_up, "can be written by everybody"),
]


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text(RIGHT)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(("harm", "said"), HARMS)
def test_a_token_file_that_others_can_change_is_refused(
    harm: Callable[[Path], None], said: str, token_file: Path
) -> None:
    harm(token_file)
    with pytest.raises(ConfigError) as caught:
        Tokens(token_file)
    assert str(token_file) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(("harm", "said"), HARMS)
@pytest.mark.parametrize("which", [0, 1], ids=["certificate", "key"])
def test_a_certificate_or_key_that_others_can_change_is_refused(
    which: int, harm: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    files = issue(tmp_path, "ours")
    tls_context(*files)
    harm(files[which])
    with pytest.raises(TlsError) as caught:
        tls_context(*files)
    assert str(files[which]) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(("harm", "said"), HARMS)
def test_no_certificate_is_stored_in_a_folder_that_others_can_change(
    harm: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    harm(tmp_path)
    with pytest.raises(ConfigError) as caught:
        server_tls(Config(dev_cert=True, data_dir=tmp_path))
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@only_root
def test_a_development_key_that_another_user_created_is_refused(tmp_path: Path) -> None:
    """In a folder like /tmp, every user may add files, but not change other users' files."""
    tmp_path.chmod(0o1777)
    config = Config(dev_cert=True, data_dir=tmp_path)
    assert server_tls(config) is not None
    give_away(tmp_path / "dev-key.pem")
    with pytest.raises(TlsError, match="belongs to another user"):
        server_tls(config)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o444, 0o600, 0o640, 0o660])
def test_file_modes_of_containers_and_groups_are_accepted(mode: int, token_file: Path) -> None:
    """Docker's secrets have mode 0444. In Kubernetes a group reads them, through two links."""
    link = token_file.with_name("link")
    (token_file.parent / "..data").symlink_to(token_file.parent)
    link.symlink_to(Path("..data") / token_file.name)
    token_file.chmod(mode)
    with capture_logs() as log:
        Tokens(link)
    warned = [line["file"] for line in log if line["log_level"] == "warning"]
    assert warned == ([str(link)] if mode & 0o004 else [])


@only_root
def test_a_file_of_another_user_is_accepted_on_a_read_only_mount(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret of the host in a container: the administrator chose to mount it."""
    give_away(token_file)
    assert changeable_by(token_file)
    real = os.statvfs(token_file)
    read_only = os.statvfs_result((*real[:8], real.f_flag | os.ST_RDONLY, real.f_namemax))
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    assert changeable_by(token_file) is None


def test_a_lock_that_is_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("of great value")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / ".lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"), locked(cache):
        pass
    assert victim.read_text() == "of great value"


@pytest.mark.parametrize(("harm", "said"), HARMS)
def test_nothing_is_pulled_into_a_folder_that_others_can_change(
    harm: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    harm(tmp_path)
    with pytest.raises(ModelError) as caught, locked(tmp_path):
        pass
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []
