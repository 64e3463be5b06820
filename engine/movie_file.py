"""A movie file while it is written: under an in-progress name until it is whole.

Rule: what lay there before stays until then; what cannot be written raises one clear error and leaves nothing behind.
"""

from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import av

from engine.disk import not_written
from engine.errors import StorageError

# Matroska keeps 5 s back in a cluster, and FFmpeg 256 KiB more: a process that is killed would take them along.
_MATROSKA_OPTIONS = {"flush_packets": "1", "cluster_time_limit": "500"}  # ms


def unfinished_of(path: Path) -> Path:
    """The name that a movie has while it is written."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def rescued(path: Path) -> Path | None:
    """Put aside what a writer of this movie left that was killed; where it is now, None where there is nothing.

    Raises:
        StorageError: It cannot be renamed.
    """
    left = unfinished_of(path)
    if not left.is_file():
        return None
    names = (path.with_name(f"{path.stem}.rescued{number or ''}{path.suffix}") for number in count())
    aside = next(name for name in names if not name.exists())
    try:
        if not left.stat().st_size:
            left.unlink()
            return None
        return left.replace(aside)
    except OSError as error:
        raise not_written(left, error) from error


class MovieFile:
    """The file. Those who add pictures to it make its one stream and mux their packets.

    Args:
        path: `.mp4`, `.mov` or `.mkv`.

    Raises:
        StorageError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = unfinished_of(path)
        self._is_open = True
        self.num_frames = 0
        try:
            self._partial.open("wb").close()  # FFmpeg itself would notice at the first picture only
        except OSError as error:
            raise StorageError(
                f"The movie {path} cannot be written ({error.strerror}).", "Choose another folder."
            ) from error
        try:
            options = _MATROSKA_OPTIONS if path.suffix.lower() == ".mkv" else {}
            self._container = av.open(str(self._partial), "w", container_options=options)
        except (av.FFmpegError, ValueError) as error:
            self._remove()
            raise StorageError(
                f"The movie {path} cannot be written ({error}).", "Give a name ending in .mp4, .mov or .mkv."
            ) from error

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError(f"{self._path} is closed")

    def _flush(self) -> None:
        """Mux what an encoder has kept back."""

    def close(self) -> None:
        """Finish the file.

        Raises:
            StorageError: The disk is full or gone; the partial file is removed.
        """
        if not self._is_open:
            return
        try:
            self._flush()
            self._container.close()
            self._partial.replace(self._path)
        except (av.FFmpegError, OSError) as error:
            self._fail(error)
        self._is_open = False

    def discard(self) -> None:
        """Give up and remove what was written."""
        self._is_open = False
        with suppress(av.FFmpegError, OSError):  # the file goes away whatever its trailer says
            self._container.close()
        self._remove()

    def _remove(self) -> None:
        self._partial.unlink(missing_ok=True)

    def _fail(self, error: av.FFmpegError | OSError) -> NoReturn:
        self.discard()
        raise not_written(f"The movie {self._path}, {self.num_frames} frames so far,", error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif not isinstance(error, StorageError):
            self.discard()
