"""Copies the files of a model out of a folder or an archive that nobody has checked.

Only the kinds of files that a model can have are copied, as plain files. Clips, scripts and
documents are left out. Whatever could leave the folder, fill the disk or hold a program is an
error.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from hwaja.models.cache import PROVENANCE
from hwaja.models.errors import ModelError
from hwaja.models.fetch import Progress
from hwaja.models.packages import PackedFile, damage_explained, files_in

SUFFIXES = (".tar.bz2", ".tar.gz", ".tgz", ".tar.xz", ".tar", ".zip")
"""Of the names of archives that can be read."""

MAX_BYTES = 16 << 30
"""Twice the largest recogniser that is known: Whisper large-v3 in float32."""

MAX_FILES = 10_000
"""More than any model has, with the clips for tests that some come with."""

MAX_DEPTH = 8
"""Folders within each other; a model has two."""

_KEPT = {".onnx", ".ort", ".data", ".onnx_data", ".weights", ".txt", ".json", ".model", ".vocab"}
_LICENCES = ("LICENSE", "LICENCE", "NOTICE")
_TOKENIZER = {"vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"}
"""The only files that a model has in a subfolder."""

_PROGRAMS = {
    *(".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".bin"),
    *(".so", ".dll", ".dylib", ".exe"),
}
"""Pickles and libraries: loading them runs what is in them."""

_BLOCK_BYTES = 1 << 20


def take_in(source: Path, folder: Path, progress: Progress) -> Path:
    """Copy the files of a model to an empty folder; return the folder in it that has them.

    Args:
        source: a folder or an archive. If all its files are in one folder, that one is the model.
        folder: an empty folder.
        progress: called with the name of the source and the bytes that are copied.

    Raises:
        ModelError: where the source has no such files, or others than a model can have, is damaged
            or too large, or changes meanwhile; the message is one sentence.
        OSError: where the file system of `folder` fails.

    """
    if source.is_dir():
        _copy(_files_of_folder(source), source, folder, progress)
    elif source.is_file() and source.name.endswith(SUFFIXES):
        with damage_explained(source):
            _copy(files_in(source), source, folder, progress)
    else:
        raise ModelError(
            f"{source} is neither a folder nor an archive ({', '.join(SUFFIXES)}) of a model."
        )
    model = _only_folder(folder)
    for inside in [*model.iterdir()]:
        if inside.is_dir():
            _leave_tokenizer(inside)
    if not any(file.is_file() for file in model.iterdir()):
        raise ModelError(f"{source.name} has no files of a model.")
    return model


def _copy(files: Iterator[PackedFile], source: Path, folder: Path, progress: Progress) -> None:
    copied_bytes = 0
    for number, (path, size_bytes, stream) in enumerate(files):
        copied_bytes += size_bytes
        if number >= MAX_FILES or copied_bytes > MAX_BYTES:
            raise ModelError(f"{source.name} is too large for a model.")
        inside = _checked(path, source)
        if stream is None:
            raise ModelError(f"{source.name} has {inside}, which is no plain file.")
        if _is_kept(inside, source):
            _write(stream, size_bytes, folder / inside, source)
        progress(source.name, copied_bytes, 0)


def _checked(path: str, source: Path) -> PurePosixPath:
    """Return a path that stays inside the folder that it is joined to."""
    inside = PurePosixPath(path)
    if not path.isprintable() or "\\" in path or len(max(inside.parts, key=len, default="")) > 200:
        raise ModelError(f"{source.name} has a file with a name that cannot be read.")
    if inside.is_absolute() or ".." in inside.parts or not inside.parts:
        raise ModelError(f"{source.name} has a path that leaves it ({path}).")
    if len(inside.parts) > MAX_DEPTH:
        raise ModelError(f"{source.name} has too many folders within each other.")
    return inside


def _is_kept(inside: PurePosixPath, source: Path) -> bool:
    """Return whether a model can have such a file.

    Raises:
        ModelError: where it can hold a program.

    """
    if any(part.startswith(".") for part in inside.parts) or inside.name == PROVENANCE:
        return False
    if inside.name == "model.bin" or inside.stem in _LICENCES:
        return True
    if inside.suffix.lower() in _PROGRAMS:
        raise ModelError(
            f"{source.name} has {inside}, which can hold a program: pickles of PyTorch and "
            "libraries are not imported."
        )
    return inside.suffix in _KEPT


def _leave_tokenizer(folder: Path) -> None:
    """Delete what a model never has in a subfolder."""
    for inside in [*folder.iterdir()]:
        if inside.is_dir():
            shutil.rmtree(inside)
        elif inside.name not in _TOKENIZER:
            inside.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _write(stream: IO[bytes], size_bytes: int, target: Path, source: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        written = target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ModelError(f"{source.name} has two files named {target.name}.") from None
    with written:
        left_bytes = size_bytes
        while block := stream.read(_BLOCK_BYTES):
            left_bytes -= len(block)
            if left_bytes < 0:
                break
            written.write(block)
    if left_bytes:
        raise ModelError(f"{source.name} has another size than it says, or changes at the moment.")


def _only_folder(folder: Path) -> Path:
    """Return the folder that has the files, where an archive has one for all of them."""
    while len(inside := [*folder.iterdir()]) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder


def _files_of_folder(folder: Path) -> Iterator[PackedFile]:
    """Yield the files of a folder.

    Raises:
        ModelError: where it cannot be read, or changes meanwhile.

    """
    try:
        before = _states(folder)
        for path in before:
            # A link or a pipe that takes the place of a file is not opened, or does not block.
            number = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(number, "rb") as stream:  # noqa: PTH123 (a file that is open)
                is_plain = stat.S_ISREG(os.fstat(number).st_mode)
                yield PackedFile(path, os.fstat(number).st_size, stream if is_plain else None)
        is_same = _states(folder) == before
    except OSError as error:
        raise ModelError(f"{folder} cannot be read ({error.strerror or error}).") from None
    if not is_same:
        raise ModelError(f"{folder} has changed while it was read; import it again.")


def _states(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode, size and modification time of the files of a folder, by their paths.

    Raises:
        ModelError: where it has a link, a device, or too many files.

    """
    found: dict[str, tuple[int, int, int]] = {}
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*folders, *files):
            file = Path(place, name)
            path = file.relative_to(folder).as_posix()
            state = file.lstat()
            if name in files or not stat.S_ISDIR(state.st_mode):
                _checked(path, folder)
                if not stat.S_ISREG(state.st_mode):
                    raise ModelError(
                        f"{folder.name} has {path}, which is no plain file; if it is a link, copy "
                        "the folder with cp -rL."
                    )
                found[path] = (state.st_ino, state.st_size, state.st_mtime_ns)
        if len(found) > MAX_FILES:
            raise ModelError(f"{folder.name} is too large for a model.")
        if len(Path(place).relative_to(folder).parts) > MAX_DEPTH:
            raise ModelError(f"{folder.name} has too many folders within each other.")
    return found


def _raise(error: OSError) -> None:
    raise error
