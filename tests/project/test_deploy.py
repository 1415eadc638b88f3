"""The promises of the systemd unit, the image, the compose file and the proxies.

None of them can be run where there is neither systemd nor a container engine; `test_deploy_run.py`
does what they do as far as it can be done.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from deployment import DEPLOY, ROOT, compose, dockerfile, last_stage, pinned, unit, variables
from packaging.requirements import Requirement

from hwaja.server.config import Config, options
from hwaja.server.config_sources import load
from hwaja.server.recogniser import CHANGEABLE
from hwaja.server.server import CLOSE_SECONDS

STOPPING_SECONDS = Config().drain_seconds + CLOSE_SECONDS
"""How long a server that is told to stop may take."""


FILES = sorted(file for file in DEPLOY.rglob("*") if file.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_deployment_files_name_only_known_variables(file: Path) -> None:
    known = {f"HWAJA_{option.name.upper()}" for option in options()}
    assert variables(file.read_text()) <= known | {"HWAJA_CACHE", "HWAJA_CONFIG"}


# systemd --------------------------------------------------------------------------------------


def test_the_unit_stops_only_the_front_and_lets_it_drain() -> None:
    """Workers that got the signal as well could not answer the received speech."""
    settings = unit()
    assert settings["KillMode"] == ["mixed"]
    assert settings["KillSignal"] == ["SIGTERM"]
    assert float(settings["TimeoutStopSec"][0]) > STOPPING_SECONDS
    assert settings["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_the_unit_allows_no_memory_on_a_disk() -> None:
    settings = unit()
    assert (settings["LimitCORE"], settings["MemorySwapMax"]) == (["0"], ["0"])


def test_the_unit_limits_the_server_and_survives_the_death_of_a_worker() -> None:
    """systemd's own policy stops a whole service of which one process ran out of memory."""
    settings = unit()
    (share,) = settings["MemoryMax"]
    assert 0 < float(share.removesuffix("%")) < 100
    assert settings["OOMPolicy"] == ["continue"]
    assert settings["Restart"] == ["on-failure"]
    assert {"TasksMax", "LimitNOFILE"} < settings.keys()


def test_the_unit_configures_a_server_that_writes_only_into_its_own_folders() -> None:
    settings = unit()
    environment = dict(entry.split("=", 1) for entry in settings["Environment"])
    (cache,), (state,) = settings["CacheDirectory"], settings["StateDirectory"]
    assert environment == {
        "HWAJA_CACHE": f"%C/{cache}",
        "HWAJA_DATA_DIR": f"%S/{state}",
        "HWAJA_CONFIG": "/etc/hwaja/hwaja.toml",
    }
    assert settings["ProtectSystem"] == ["strict"]
    assert "ReadWritePaths" not in settings
    assert load({}, {"HWAJA_DATA_DIR": environment["HWAJA_DATA_DIR"]}, None)


def test_the_file_of_the_unit_names_all_options_of_a_reload_with_their_defaults() -> None:
    configured = load({}, {}, DEPLOY / "hwaja.toml")
    assert configured == Config()
    text = (DEPLOY / "hwaja.toml").read_text()
    assert all(f"\n{name} = " in text for name in CHANGEABLE)


@pytest.fixture
def checked_unit(tmp_path: Path) -> Path:
    """The unit, with a program in it that this machine has."""
    text = (DEPLOY / "hwaja.service").read_text()
    file = tmp_path / "hwaja.service"
    file.write_text(text.replace("/opt/hwaja/bin/hwaja", sys.executable))
    assert file.read_text() != text
    return file


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed here")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_systemd_verifies_the_unit_without_complaints(checked_unit: Path) -> None:
    done = systemd_analyze("verify", "--man=no", str(checked_unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_rates_the_sandbox_as_tight(checked_unit: Path) -> None:
    """0 is no exposure, 10 all of it; what stays is the network, and the lack of a root folder."""
    done = systemd_analyze("security", "--offline=true", "--threshold=20", str(checked_unit))
    assert done.returncode == 0, done.stdout


# The image ------------------------------------------------------------------------------------


def test_hadolint_has_no_complaints() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint is not installed here; it comes with hwaja[dev] on Linux")
    done = subprocess.run(
        [program, str(DEPLOY / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_its_own_user_and_without_a_shell() -> None:
    stage = dict(last_stage())  # the last of each kind
    user, _, group = stage["USER"].partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    command = json.loads(stage["ENTRYPOINT"]) + json.loads(stage["CMD"])  # as lists: no shell
    assert command == ["hwaja", "serve"]
    _, _, check = stage["HEALTHCHECK"].partition("CMD ")
    copied = " ".join(rest for name, rest in last_stage() if name == "COPY")
    assert Path(json.loads(check)[-1]).name in copied


def test_every_image_is_named_with_version_and_digest_and_without_a_host() -> None:
    images = [rest.split(" AS ")[0] for name, rest in dockerfile() if name == "FROM"]
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+@sha256:[0-9a-f]{64}", image)
    assert images[1] == images[2]  # what was built on one Python runs on it


def test_everything_is_downloaded_through_package_managers() -> None:
    instructions = dockerfile()
    assert "ADD" not in {name for name, _ in instructions}
    assert not any(re.search(r"curl|wget|git ", rest) for _, rest in instructions)
    text = (DEPLOY / "Dockerfile").read_text() + (DEPLOY / "compose.yaml").read_text()
    assert "://" not in text


def test_everything_that_is_installed_has_a_known_digest() -> None:
    commands = re.findall(
        r"pip (?:install|wheel)[^&]*", " && ".join(rest for _, rest in dockerfile())
    )
    assert len(commands) == 5
    from_index, of_hwaja = commands[:3], commands[3:]
    for command in from_index:
        assert "--require-hashes" in command
        assert re.search(r"--requirement deploy/(build|requirements|language)\.lock", command)
        # What is built from source gets no further package from the index for that.
        assert "--only-binary=:all:" in command or "--no-build-isolation" in command
    for command in of_hwaja:  # nothing comes along
        assert "--no-deps" in command
        assert "--no-index" in command or "--no-build-isolation" in command


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "requirements.lock": [
        *PROJECT["project"]["dependencies"],
        *(each for extra in ("server", "cpu") for each in EXTRAS[extra]),
    ],
    "language.lock": EXTRAS["ko"],
    "build.lock": PROJECT["build-system"]["requires"],
}


@pytest.mark.parametrize("file", ASKED)
def test_a_lock_has_a_version_with_digests_of_every_requirement(file: str) -> None:
    """Run `make lock` where it does not."""
    locked = pinned(file)
    for asked in map(Requirement, ASKED[file]):
        if asked.name == "hwaja":  # one extra asks for another
            continue
        assert asked.specifier.contains(locked[asked.name][0]), asked
    assert all(digests > 0 for _, _, digests in locked.values())


@pytest.mark.parametrize("file", ASKED)
def test_a_lock_names_no_index_and_matches_the_python_of_the_image(file: str) -> None:
    text = (DEPLOY / file).read_text()
    assert "://" not in text
    assert "index" not in text
    (python,) = {rest.split("-")[0] for name, rest in dockerfile() if rest.startswith("python:")}
    minor = python.removeprefix("python:").rpartition(".")[0]
    assert f"--python-version {minor} " in (ROOT / "Makefile").read_text()


def admitted(path: str) -> bool:
    """What .dockerignore says of a path: the last line that matches it, or a folder of it, wins."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    verdict = True
    for line in (line for line in lines if line and not line.startswith("#")):
        pattern = line.removeprefix("!")
        above = [str(parent) for parent in [Path(path), *Path(path).parents][:-1]]
        if pattern.startswith("**/"):
            matches = any(Path(part).match(pattern[3:]) for part in above)
        else:
            matches = pattern == "*" or pattern in above
        if matches:
            verdict = line.startswith("!")
    return verdict


def test_only_the_files_that_the_image_needs_are_sent_to_the_engine() -> None:
    copied = [
        source
        for name, rest in dockerfile()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert "python" in copied
    for source in copied:
        assert (ROOT / source).exists()
        assert admitted(source)
    assert admitted("python/hwaja/cli.py")
    for private in (
        *(".git/config", ".venv/bin/python", "deploy/tls/privkey.pem", "hwaja.env", "talk.wav"),
        *("python/hwaja/_pcm.so", "python/key.pem", "python/hwaja/__pycache__/cli.pyc"),
    ):
        assert not admitted(private)


def test_the_toolchain_of_the_image_is_that_of_the_project() -> None:
    (rust,) = [rest for name, rest in dockerfile() if name == "FROM" and rest.startswith("rust:")]
    wanted = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text())
    assert wanted is not None
    assert rust.startswith(f"rust:{wanted[1]}.")


# compose --------------------------------------------------------------------------------------

SERVICES: dict[str, Any] = compose()["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_the_fewest_privileges_that_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["core"] == 0
    assert service["memswap_limit"] == service["mem_limit"]  # with swap, and so none of it
    assert service["pids_limit"] > 0
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & service.keys()


def test_a_container_has_the_memory_that_the_guide_states() -> None:
    service, text = SERVICES["hwaja"], (ROOT / "docs" / "deployment.md").read_text()
    told = re.search(
        r"The server process takes (\d+) MB.+?A worker .+? up to (\d+) MB"
        r".+?interim texts .+?up to (\d+) MB.+?language model .+?up to (\d+) MB"
        r".+?So two workers need ([\d.]+) GB",
        text,
        re.DOTALL,
    )
    assert told is not None
    front, worker, interims, language = map(int, told.groups()[:4])
    assert service["environment"]["HWAJA_WORKERS"] == "2"
    needed = front + 2 * worker + interims + language
    assert float(told[5]) == round(needed / 1000, 1)
    limit = float(service["mem_limit"].removesuffix("g")) * 2**30 / 1e6
    assert 1.2 * needed < limit
    assert f"Each takes up to {worker} MB" in (DEPLOY / "compose.yaml").read_text()


def test_the_containers_use_the_volumes_and_folders_of_the_image() -> None:
    stage = last_stage()
    environment = dict(
        setting.split("=", 1)
        for name, rest in stage
        if name == "ENV"
        for setting in rest.split()
        if setting.startswith("HWAJA")
    )
    writable = {environment["HWAJA_CACHE"], environment["HWAJA_DATA_DIR"]}
    assert set(re.findall(r'"([^"]+)"', dict(stage)["VOLUME"])) == writable
    mounted = {volume.split(":")[1] for volume in SERVICES["hwaja"]["volumes"]}
    assert mounted == writable
    assert SERVICES["models"]["volumes"] == [f"cache:{environment['HWAJA_CACHE']}"]


def test_the_serving_container_is_configured_and_waits_for_its_models() -> None:
    service = SERVICES["hwaja"]
    config = load({}, service["environment"], None)
    assert config.dev_cert
    assert service["hostname"] == "hwaja"  # else another each time, and so another certificate
    assert service["depends_on"]["models"]["condition"] == "service_completed_successfully"
    assert float(service["stop_grace_period"].removesuffix("s")) > STOPPING_SECONDS
    health = dict(last_stage())["HEALTHCHECK"]
    assert all(part in health for part in service["healthcheck"]["test"][1:])


def test_by_default_only_this_machine_can_reach_the_container() -> None:
    """A port without an address is open to all, past the firewall."""
    port = Config().port
    assert SERVICES["hwaja"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert "ports" not in SERVICES["models"]


def test_opening_the_container_to_the_network_requires_an_address_and_tokens() -> None:
    """Compose refuses what has `:?` and is not set, and a secret or folder that is not there."""
    opened = compose("compose.network.yaml")
    (service,) = opened["services"].values()
    (published,) = service["ports"]
    address, port = published.rsplit("}:", 1)
    assert address.startswith("${PUBLISH_ADDRESS:?")
    assert port == f"{Config().port}:{Config().port}"
    config = load({}, SERVICES["hwaja"]["environment"] | service["environment"], None)
    (secret,) = service["secrets"]
    assert str(config.token_file) == f"/run/secrets/{secret}"
    assert opened["secrets"][secret]["file"].startswith("${TOKENS:?")
    (certificates,) = service["volumes"]
    assert config.cert is not None
    assert certificates["target"] == str(config.cert.parent)
    assert certificates["read_only"] is True
    assert certificates["bind"] == {"create_host_path": False}


def test_the_guide_opens_the_container_with_the_variables_that_the_file_requires() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    for asked in re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.network.yaml").read_text()):
        assert f"{asked}=" in guide
    assert "--file deploy/compose.network.yaml" in guide
