"""Model files: a catalogue, verified downloads, conversion to ONNX, a cache.

Imports `privacy` and `language` only. Begin with `pulling`; `catalogue` lists what can be pulled,
and `conversion` makes ONNX graphs of published weights.
"""

from hwaja.models.cache import cache_root, find, is_present
from hwaja.models.catalogue import (
    CatalogueEntry,
    all_models,
    default_names,
    entry,
    test_names,
)
from hwaja.models.checking import damaged_files, locate
from hwaja.models.errors import ModelError
from hwaja.models.listing import folder_bytes
from hwaja.models.pulling import pull

__all__ = [
    "CatalogueEntry",
    "ModelError",
    "all_models",
    "cache_root",
    "damaged_files",
    "default_names",
    "entry",
    "find",
    "folder_bytes",
    "is_present",
    "locate",
    "pull",
    "test_names",
]
