"""Builds `hwaja_client` from `hwaja.client` and `hwaja.protocol`: the same source, renamed."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "python" / "hwaja"

_NAMES = (
    (re.compile(r"\bhwaja\.client\b"), "hwaja_client"),
    (re.compile(r"\bhwaja\.protocol\b"), "hwaja_client.protocol"),
    (re.compile(r"hwaja\[client\]"), "hwaja-client[files]"),
)


def write_package(folder: Path) -> None:
    """Write the package into a folder, with its own names in place of those of hwaja."""
    for package, target in (("client", folder), ("protocol", folder / "protocol")):
        target.mkdir(parents=True)
        for file in sorted((SOURCE / package).glob("*.py")):
            text = file.read_text(encoding="utf-8")
            for pattern, name in _NAMES:
                text = pattern.sub(name, text)
            (target / file.name).write_text(text, encoding="utf-8")
    (folder / "py.typed").touch()


class CustomMetadataHook(MetadataHookInterface):
    """Gives the package the version of hwaja."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read the version where hwaja has it."""
        cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
        metadata["version"] = cargo["workspace"]["package"]["version"]


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the package and the licence to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package, and have it included."""
        folder = Path(self.directory) / "hwaja_client"
        shutil.rmtree(folder, ignore_errors=True)
        write_package(folder)
        build_data["force_include"][str(folder)] = "hwaja_client"
        licence = ROOT / "LICENSE"
        build_data["force_include"][str(licence)] = "hwaja_client/LICENSE"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written beside the wheel."""
        shutil.rmtree(Path(self.directory) / "hwaja_client", ignore_errors=True)
