"""Who may import whom: a module imports only from rows above its own."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "hwaja"

ROWS: list[set[str]] = [
    {"__init__", "_pcm"},
    {"hardening", "faults", "repeated_lines", "ownership", "signals", "sweeping"},
    {"supervision"},
    {"log_writer"},
    {"logs"},
    {"codes", "gate", "plausible", "token_syntax", "attribution.calibration"},
    {"recognition", "texts", "quality", "attribution.parts"},
    {"attribution.pattern", "attribution.change"},
    {"messages"},
    {"parse", "serialize"},
    {"events", "interims", "division"},
    {"utterances", "endings", "tally", "settings", "states"},
    {"timeline"},
    {"answer"},
    {"conversation", "ahead"},
    {"phase"},
    {"session"},
    {"deadlines", "overload", "pace"},
    {"engine"},
    {"attribution.cohort", "detection", "audio_format"},
    {"attribution.voices", "attribution.turns", "format_watch"},
    {"attribution.reading"},
    {"engines.written_result"},
    {
        "engines.runtime",
        "engines.admission",
        "engines.mel",
        "engines.alignment",
        "engines.dated_pieces",
        "engines.model_files",
        "engines.sherpa_library",
    },
    {
        "engines.silero",
        "engines.segmentation",
        "engines.streaming_forms",
        "engines.sentencepiece",
    },
    {"engines.hotwords"},
    {"engines.streaming_exports"},
    {"engines.exports", "engines.sherpa_online"},
    {"engines.whisper_decoder"},
    {"engines.whisper"},
    {"engines.sherpa"},
    {"engines.probe"},
    {"engines.providers"},
    {"workers.wire"},
    {"workers.steps"},
    {"workers.worker"},
    {"workers.charges"},
    {"workers.jobs", "workers.live", "workers.process"},
    {"workers.switchboard", "workers.crew"},
    {"workers.desk"},
    {"workers.pool"},
    {"workers.drafts"},
    {"models"},
    {"origins"},
    {"config", "certificate", "allowance", "header_lists", "read_ahead"},
    {"bearer", "expiry", "loop_lag", "metrics", "pages", "web_files"},
    {"admission", "observer", "plain_http"},
    {"tls"},
    {"reloading", "stopping"},
    {"early", "guard"},
    {"hearing", "intake", "turn_watch"},
    {"analysis", "enrolment", "outbox"},
    {"sender"},
    {"session_runner"},
    {"connection"},
    {"seats"},
    {"server"},
    {"application"},
    {"audio"},
    {"client"},
    {"microphone", "transcript", "adapters"},
    {"transcribe", "enroll_check", "doctor", "benchmark"},
    {"cli"},
    {"__main__"},
]
"""The order of the modules, lowest first; a module may import from the rows above its own line."""

LAYERED = {"attribution", "engines", "workers"}
"""Folders whose files have rows of their own; every other folder is one unit."""

ONLY_ITSELF = {"models"}
"""Folders that import nothing else of the package but `ownership.py`."""

PURE = {
    "ahead",
    "attribution.calibration",
    "attribution.change",
    "attribution.parts",
    "attribution.pattern",
    "recognition",
    "codes",
    "texts",
    "messages",
    "parse",
    "serialize",
    "gate",
    "events",
    "interims",
    "division",
    "utterances",
    "answer",
    "conversation",
    "endings",
    "tally",
    "timeline",
    "settings",
    "states",
    "deadlines",
    "allowance",
    "overload",
    "pace",
    "phase",
    "quality",
    "repeated_lines",
    "origins",
    "pages",
    "session",
    "token_syntax",
    "workers.charges",
}
IMPURE_IMPORTS = {
    "asyncio",
    "multiprocessing",
    "numpy",
    "onnxruntime",
    "os",
    "random",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "websockets",
}
"""What the sans-IO files never name: no clock, no socket, no task, no array."""


def unit_of(file: Path) -> str:
    """The name in ROWS that a file belongs to."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return unit_named(parts)


def unit_named(parts: Sequence[str]) -> str:
    """The name in ROWS of a module, given without the package's own name."""
    if parts and parts[0] in LAYERED:
        parts = (".".join(parts[:2]),)
    # `from hwaja import __version__` and `import hwaja.engines` name no module.
    return parts[0] if parts and parts[0] in RANK else "__init__"


FILES = sorted(PACKAGE.rglob("*.py"))


def source_of(name: str) -> Path:
    """The file of a module that is named in ROWS."""
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


RANK = {name: rank for rank, row in enumerate(ROWS) for name in row}


def imports_of(source: str, package: list[str]) -> list[str]:
    """Every module that a source imports, anywhere in it, with full names."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            if base.removeprefix("hwaja.") in {"hwaja", *LAYERED}:
                names += [f"{base}.{alias.name}" for alias in node.names]
            else:
                names.append(base)
    return names


def units(names: list[str]) -> set[str]:
    """The names in ROWS that imported modules belong to."""
    parts = [name.split(".") for name in names]
    return {unit_named(part[1:]) for part in parts if part[0] == "hwaja"}


def imported(file: Path) -> list[str]:
    package = ["hwaja", *file.relative_to(PACKAGE).parts[:-1]]
    return imports_of(file.read_text(encoding="utf-8"), package)


def units_imported(file: Path) -> set[str]:
    return units(imported(file))


def identify(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


@pytest.mark.parametrize("file", FILES, ids=identify)
def test_a_module_is_valid_python(file: Path) -> None:
    """Some errors, such as "return" in an "except*" block, show in the compiler only."""
    assert compile(file.read_text(encoding="utf-8"), str(file), "exec")


@pytest.mark.parametrize("file", FILES, ids=identify)
def test_a_module_imports_only_from_the_rows_above_its_own(file: Path) -> None:
    unit = unit_of(file)
    upward = {name for name in units_imported(file) if name != unit and RANK[name] >= RANK[unit]}
    assert upward == set()


@pytest.mark.parametrize(
    "file", [file for file in FILES if unit_of(file) in ONLY_ITSELF], ids=identify
)
def test_the_models_import_nothing_else_of_the_package(file: Path) -> None:
    assert units_imported(file) <= {unit_of(file), "__init__", "ownership"}


def test_every_module_has_its_row_and_every_row_its_modules() -> None:
    assert {unit_of(file) for file in FILES} | {"_pcm"} == set(RANK)
    assert sum(map(len, ROWS)) == len(RANK)  # none in two rows


def test_the_table_of_the_architecture_has_each_file_below_those_that_it_imports() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `.*", text.partition("## Files")[2].partition("###")[0], re.MULTILINE)
    cells = [row.split("|")[1] for row in rows]
    files = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    names = [name.removesuffix("/").removesuffix(".py").replace("/", ".") for name in files]
    place = {name: number for number, name in enumerate(names)}
    assert RANK.keys() - place.keys() == {"__init__", "__main__", "_pcm"}
    upward = {
        (unit_of(file), name)
        for file in FILES
        for name in units_imported(file) - {unit_of(file), "__init__", "_pcm"}
        if place.get(unit_of(file), len(place)) < place[name]
    }
    assert upward == set()


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_sans_io_files_know_no_clock_socket_task_or_array(name: str) -> None:
    roots = {found.split(".")[0] for found in imported(source_of(name))}
    assert roots & IMPURE_IMPORTS == set()


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_sans_io_files_do_not_ask_what_time_it_is(name: str) -> None:
    source = source_of(name).read_text(encoding="utf-8")
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert calls & {"now", "utcnow", "today"} == set()


def test_only_one_file_names_sherpa_onnx() -> None:
    """It must be loaded as that file does, and used only where everything is checked first."""
    naming = {
        identify(file)
        for file in FILES
        if any(name.split(".")[0] == "sherpa_onnx" for name in imported(file))
    }
    assert naming == {"engines/sherpa_library.py"}
    using = {unit_of(file) for file in FILES if "engines.sherpa_library" in units_imported(file)}
    assert using == {"engines.sherpa", "engines.sherpa_online"}


def test_only_one_file_names_pyo3() -> None:
    sources = sorted((ROOT / "rust" / "src").rglob("*.rs"))
    naming = {
        file.name for file in sources if re.search(r"\bpyo3\b", file.read_text(encoding="utf-8"))
    }
    assert naming == {"python.rs"}


def test_the_reader_of_imports_sees_every_way_to_write_one() -> None:
    """A layering test that overlooks an import protects nothing."""
    source = (
        "import hwaja.workers.pool\n"
        "from hwaja.engines import sherpa, silero\n"
        "def f():\n    from hwaja import server, __version__\n"
        "if True:\n    from ..session import State\n    from . import cache\n"
        "    from .fetch import fetch\n    from .. import gate\n"
    )
    assert units(imports_of(source, ["hwaja", "models"])) == {
        "workers.pool",
        "engines.sherpa",
        "engines.silero",
        "server",
        "__init__",
        "session",
        "models",
        "gate",
    }
