"""The claim on a folder of data: one process at a time writes there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from engine.disk import not_written
from engine.errors import TakenError

LOCK_FILE = ".lock"


@contextmanager
def claimed(folder: Path, timeout_s: float = 0.0) -> Iterator[None]:
    """Make the folder if need be, and be the only process that writes there.

    The kernel releases the claim of a process that dies (`flock`); where a file system has no such locks, filelock's
    marker file stands in. Folders that were made here and are left empty go away.

    Args:
        folder: Of data.
        timeout_s: How long to wait for another process that writes there.

    Raises:
        TakenError: Another process works there.
        StorageError: The folder cannot be made.
    """
    new = [place for place in (folder.absolute(), *folder.absolute().parents) if not place.exists()]
    lock = FileLock(folder / LOCK_FILE, timeout=timeout_s)
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise TakenError(
                f"Another process is writing into {folder}.",
                "Wait until it is done, or end it; then give this command again.",
            ) from error
        except OSError as error:
            raise not_written(folder, error) from error
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):  # while it is held: whoever opened it too sees that it has lost its name
                (folder / LOCK_FILE).unlink()
            lock.release()
        for place in new:
            with suppress(OSError):  # not empty
                place.rmdir()
