"""Writing to disk: what to tell when it fails, and whether there is room before the work begins."""

import errno
import shutil
from pathlib import Path
from typing import Protocol

from engine.errors import StorageError

FREE_SPACE = "Free some space or choose another disk, then run the same command again."


class _Failure(Protocol):
    """`OSError`, or a library's error that carries the same two facts."""

    errno: int | None
    strerror: str | None


def not_written(what: Path | str, failure: _Failure) -> StorageError:
    """What to tell a user when `what` (a path, or words that name one) could not be written."""
    if failure.errno == errno.ENOSPC:
        return StorageError(f"{what} could not be written: the disk is full.", FREE_SPACE)
    return StorageError(
        f"{what} could not be written ({failure.strerror}).", "Choose a folder that exists and is yours."
    )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and move it there.

    Raises:
        StorageError: It cannot be written; what lay there before is as it was.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        # Line ends as given: a table's are its own.
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise not_written(path, error) from error


def check_room(path: Path, num_bytes: float, recovery: str = FREE_SPACE) -> None:
    """Refuse before the work what the disk could not hold after it.

    Args:
        path: Of the result to come; it and its folders need not exist yet.
        num_bytes: About what it will take.
        recovery: What to do.

    Raises:
        StorageError: The disk that holds `path` has less.
    """
    free = shutil.disk_usage(next(place for place in (path, *path.absolute().parents) if place.exists())).free
    if num_bytes > free:
        raise StorageError(
            f"{path} needs about {num_bytes / 1e6:,.1f} MB, its disk has {free / 1e6:,.1f} MB free: the disk is full.",
            recovery,
        )
