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
from hwaja.models.fetch import MAX_PACKAGE_BYTES
from hwaja.models.unpacking import MAX_UNPACKED_BYTES

MODELS = pytest.mark.parametrize("model", all_models(), ids=lambda model: model.name)


def _recognises(model: CatalogueEntry) -> bool:
    return model.role == "asr"


TOML = """
[languages]
two = "en ko"

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
languages = "two"

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
    assert model.role in {"asr", "embedder", "segmenter", "extractor", "vad", "speech"}
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
    module = importlib.import_module(f"hwaja.models.conversion.{model.converter}")
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
    named = [sorted(source.names) for source in model.sources]
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
        assert re.fullmatch(r"([a-z]+/)?[A-Za-z0-9][A-Za-z0-9._-]*", member.name)
        assert re.fullmatch(r"[0-9a-f]{64}", member.sha256 or "0" * 64)


@MODELS
def test_a_file_of_a_model_has_an_address_that_always_gives_the_same_bytes(
    model: CatalogueEntry,
) -> None:
    for file in (file for source in model.sources for file in source.files):
        assert re.fullmatch(
            r"https://[^/]+/[^/]+/[^/]+/resolve/[0-9a-f]{40}/[a-z0-9_./]+", file.address
        )
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256 or "0" * 64)
        assert file.size_bytes is None or file.size_bytes > 0


def test_no_two_packages_have_the_same_file_name_for_the_download() -> None:
    """One would be resumed with the bytes of the other."""
    packages = {
        package for model in all_models() for source in model.sources for package in source.packages
    }
    assert len({package.file for package in packages}) == len(packages)


@MODELS
def test_no_package_of_the_catalogue_exceeds_the_limits(model: CatalogueEntry) -> None:
    sizes = [package.size_bytes or 0 for source in model.sources for package in source.packages]
    assert max(sizes) < min(MAX_PACKAGE_BYTES, MAX_UNPACKED_BYTES)


def test_the_catalogue_names_no_hosts_except_those_of_archives_and_files() -> None:
    """The addresses of wheels come from the user's pip, whichever index it is configured for."""
    text = files("hwaja.models").joinpath("catalogue.toml").read_text("utf-8")
    addresses = {
        package.address
        for model in all_models()
        for source in model.sources
        for package in source.addressed
    }
    assert text.count("://") == len(addresses)


@pytest.mark.parametrize(
    "model", [*filter(_recognises, all_models())], ids=lambda model: model.name
)
def test_a_recogniser_says_what_to_choose_it_by(model: CatalogueEntry) -> None:
    assert model.languages
    assert all(re.fullmatch(r"[a-z]{2,3}", code) for code in model.languages)
    assert model.cost is not None
    assert model.memory_bytes is not None
    assert model.memory_bytes > 500_000_000


@MODELS
def test_a_published_error_is_a_share_of_a_language_that_the_model_writes(
    model: CatalogueEntry,
) -> None:
    for error in model.published:
        assert error.language in model.languages
        assert 0 < error.cer < 1
        assert all((error.corpus, error.source))


@MODELS
def test_a_licence_that_permits_not_everything_to_everybody_is_explained(
    model: CatalogueEntry,
) -> None:
    is_free = model.licence in {"MIT", "Apache-2.0", "OpenMDW-1.1"}
    assert is_free or re.fullmatch(r"[A-Z][^\n]+\.", model.restriction)


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


def test_an_unknown_name_is_refused_with_a_name_that_is_near() -> None:
    with pytest.raises(ModelError) as caught:
        models.entry("whisper-bsae")
    assert "'whisper-bsae'" in str(caught.value)
    assert "whisper-base" in str(caught.value)


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
    assert model.languages == {"en", "ko"}
    assert [source.wheels[0].sha256 for source in model.sources] == ["aa", "bb"]
    assert [source.members[0].path for source in model.sources] == [
        "first/model.bin",
        "second/model.bin",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        TOML.replace('source = "shared"', 'source = "elsewhere"'),
        TOML.replace('languages = "two"', 'languages = "all"'),
        TOML.replace("format = 3\n", ""),
        TOML.replace('licence = "MIT"', 'license = "MIT"'),
        TOML.replace('sha256 = "aa"', 'md5 = "aa"'),
    ],
    ids=["no such source", "no such languages", "format missing", "unknown key", "no checksum"],
)
def test_an_invalid_catalogue_is_refused(wrong: str) -> None:
    with pytest.raises((KeyError, msgspec.ValidationError)):
        read(wrong)
