"""The catalogue: every entry can be pulled and converted."""

import importlib
import inspect
import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from model_fixtures import NEVER, entry, offer

from hwaja import models
from hwaja.models import CatalogueEntry, ModelError, all_models, default_names
from hwaja.models.catalogue import Wheel, read

MODELS = pytest.mark.parametrize("model", all_models(), ids=lambda model: model.name)

TOML = """
[[model]]
name = "small"
title = "A small one"
role = "vad"
sets = ["test"]
converter = "plain"
format = 3
licence = "MIT"
attribution = "Nobody"
source = "shared"

[[source.shared]]
wheel = [{ file = "first-1.0-py3-none-any.whl", sha256 = "aa" }]
member = [{ name = "model.bin", path = "first/model.bin" }]

[[source.shared]]
wheel = [{ file = "second-1.0-py3-none-any.whl", sha256 = "bb" }]
member = [{ name = "model.bin", path = "second/model.bin" }]
"""


def test_no_two_models_have_the_same_name() -> None:
    names = [model.name for model in all_models()]
    assert len(names) == len(set(names)) > 0


@MODELS
def test_a_model_names_its_author_and_its_licence(model: CatalogueEntry) -> None:
    assert all((model.licence, model.attribution, model.title))


@MODELS
def test_a_model_has_a_known_role_and_known_sets(model: CatalogueEntry) -> None:
    assert model.role in {"asr", "embedder", "segmenter", "vad", "speech"}
    assert model.sets <= {"default", "test"}
    assert model.format >= 1


@MODELS
def test_a_model_name_is_one_folder_and_no_file_of_the_cache(
    model: CatalogueEntry,
) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model.name)
    assert model.name not in {"downloads", "digests.json"}


@MODELS
def test_the_converter_of_a_model_exists_and_takes_its_options(model: CatalogueEntry) -> None:
    module = importlib.import_module(f"hwaja.models.{model.converter}")
    inspect.signature(module.convert).bind({}, Path(), **model.options)


@MODELS
def test_a_wheel_has_a_checksum_and_a_name_that_pip_accepts(model: CatalogueEntry) -> None:
    assert all(source.packages for source in model.sources)
    for wheel in (wheel for source in model.sources for wheel in source.wheels):
        assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", wheel.requirement)
        assert wheel.file.endswith(f"{wheel.platform}.whl")


@MODELS
def test_all_sources_of_a_model_give_the_converter_the_same_file_names(
    model: CatalogueEntry,
) -> None:
    named = [sorted(member.name for member in source.members) for source in model.sources]
    assert all(len(set(names)) == len(names) > 0 for names in named)
    # CTranslate2 reads either form of a vocabulary.
    same = [{name.replace("lary.txt", "lary.json") for name in names} for names in named]
    assert all(names == same[0] for names in same)


@MODELS
def test_an_archive_is_downloaded_over_https_and_has_a_supported_format(
    model: CatalogueEntry,
) -> None:
    for archive in (archive for source in model.sources for archive in source.archives):
        assert re.fullmatch(r"https://\S+/[^/?#]+\.tar\.bz2", archive.address)
        assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256 or "0" * 64)
        assert archive.size_bytes is None or archive.size_bytes > 0


@MODELS
def test_a_member_is_one_file_with_its_checksum_if_known(model: CatalogueEntry) -> None:
    for member in (member for source in model.sources for member in source.members):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", member.name)
        assert re.fullmatch(r"[0-9a-f]{64}", member.sha256 or "0" * 64)


def test_the_catalogue_names_no_hosts_except_those_of_archives() -> None:
    """The addresses of wheels come from the user's pip, whichever index it is configured for."""
    text = files("hwaja.models").joinpath("catalogue.toml").read_text("utf-8")
    archives = {
        archive.address
        for model in all_models()
        for source in model.sources
        for archive in source.archives
    }
    assert text.count("://") == len(archives)


def test_the_default_models_cover_each_role_that_serve_needs() -> None:
    roles = sorted(models.entry(name).role for name in default_names())
    assert roles == ["asr", "embedder", "segmenter", "vad"]


def test_the_models_of_the_tests_include_those_of_serve() -> None:
    assert set(default_names()) < set(models.test_names())


def test_a_model_in_no_set_is_pulled_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, entry(NEVER, name="large", sets=frozenset()))
    assert default_names() == ()
    assert models.test_names() == ()
    assert models.entry("large").name == "large"


def test_an_unknown_name_is_refused_with_the_known_names() -> None:
    with pytest.raises(ModelError) as caught:
        models.entry("whisper-huge")
    assert "whisper-huge" in str(caught.value)
    assert all(model.name in str(caught.value) for model in all_models())


@pytest.mark.parametrize(
    ("file", "requirement", "platform"),
    [
        ("tiny-1.0-py3-none-any.whl", "tiny==1.0", "any"),
        ("a_b_c-2.3.4-py3-none-manylinux_2_34_x86_64.whl", "a-b-c==2.3.4", "manylinux_2_34_x86_64"),
        (
            "x-1-cp312-cp312-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
            "x==1",
            "manylinux_2_28_x86_64",
        ),
    ],
)
def test_the_name_of_a_wheel_says_project_version_and_platform(
    file: str, requirement: str, platform: str
) -> None:
    wheel = Wheel(file, "0" * 64)
    assert (wheel.requirement, wheel.platform) == (requirement, platform)


def test_a_catalogue_is_read_with_its_sources_in_order() -> None:
    (model,) = read(TOML)
    assert (model.name, model.format, model.sets, model.options) == (
        "small",
        3,
        frozenset({"test"}),
        {},
    )
    assert [source.wheels[0].sha256 for source in model.sources] == ["aa", "bb"]
    assert [source.members[0].path for source in model.sources] == [
        "first/model.bin",
        "second/model.bin",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        TOML.replace('source = "shared"', 'source = "elsewhere"'),
        TOML.replace("format = 3\n", ""),
        TOML.replace('licence = "MIT"', 'license = "MIT"'),
        TOML.replace('sha256 = "aa"', 'md5 = "aa"'),
    ],
    ids=["no such source", "format missing", "unknown key", "no checksum"],
)
def test_an_invalid_catalogue_is_refused(wrong: str) -> None:
    with pytest.raises((KeyError, msgspec.ValidationError)):
        read(wrong)
