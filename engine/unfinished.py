"""A movie's result while it is being solved: rows in files that outlive the process, 640 bytes of latents a frame.

Rule: only whole rows count. What a killed process leaves is cut to them, and gone on from if it belongs to the same
work; otherwise it is begun anew.
"""

import os
from pathlib import Path
from typing import IO

import numpy as np

from engine.bundle import ActorBundle
from engine.disk import not_written, write_whole
from engine.expected import ErrorColumns, ExpectedErrors

_KEY_FILE, _ROWS_FILE, _ERRORS_FILE = "work.json", "rows.bin", "errors.bin"


def unfinished_folder(result: Path) -> Path:
    """Where the rows of a result lie until it is whole."""
    return result.with_name(result.name + ".partial")


def bytes_kept(folder: Path) -> int:
    """What an earlier run's rows take on the disk."""
    parts = (folder / name for name in (_ROWS_FILE, _ERRORS_FILE))
    return sum(part.stat().st_size for part in parts if part.is_file())


def frames_kept(folder: Path, bundle: ActorBundle) -> int:
    """How many frames of a movie that is not at work any more lie there whole; the actor is the one that solved it."""
    sizes = {_ROWS_FILE: 4 * _row_width(bundle), _ERRORS_FILE: 2 * bundle.topology.num_vertices}
    parts = ((folder / name, num_bytes) for name, num_bytes in sizes.items())
    return min((path.stat().st_size // num_bytes for path, num_bytes in parts if path.is_file()), default=0)


class Unfinished:
    """Rows of one movie, appended. One thread, and one process at a time: `engine.claim` sees to that.

    A row is float32: the latents, how many of the frame's pictures show no face though one was looked for, and the
    means of its expected errors where the network foretells them.

    Args:
        folder: Made where missing.
        work: What all rows depend on, a text; rows of other work are removed.
        bundle: The actor.
        keeps_errors: Whether every vertex's expected error is kept too, float16.

    Raises:
        StorageError: The folder cannot be written.
    """

    def __init__(self, folder: Path, work: str, bundle: ActorBundle, *, keeps_errors: bool) -> None:
        self._folder, self._num_latents = folder, bundle.num_latents
        self._columns = ErrorColumns(bundle.topology) if bundle.has_errors else None
        self._row_width = _row_width(bundle)
        self._num_vertices = bundle.topology.num_vertices
        self.keeps_errors = keeps_errors and bundle.has_errors
        self._files: list[IO[bytes]] = []
        try:
            folder.mkdir(exist_ok=True)
            self.num_frames = self._cut() if self._is_of(work) else self._begin(work)
            self._files = [path.open("ab", buffering=0) for path, _ in self._parts()]
        except OSError as error:
            self.close()
            raise not_written(folder, error) from error

    def add(self, latents: np.ndarray, num_unfound: np.ndarray, errors_mm: np.ndarray | None) -> None:
        """Append frames; when this returns they outlive the process.

        Args:
            latents: [B, num_latents] float32.
            num_unfound: [B] pictures without a face.
            errors_mm: [B, V] float32, where the network foretells them.

        Raises:
            StorageError: The disk is full.
        """
        rows = [latents, num_unfound[:, None]]
        if self._columns is not None and errors_mm is not None:
            rows.append(self._columns.of(errors_mm))
        pieces = [np.concatenate(rows, axis=1, dtype=np.float32)]
        if self.keeps_errors and errors_mm is not None:
            pieces.append(errors_mm.astype("<f2"))
        try:
            for file, piece in zip(self._files, pieces, strict=True):
                _write(file, piece.tobytes())
        except OSError as error:
            raise not_written(self._folder, error) from error
        self.num_frames += len(latents)

    def latents(self) -> np.ndarray:
        """[N, num_latents] float32 of all frames, mapped from the disk."""
        return self._rows()[:, : self._num_latents]

    def num_unfound(self) -> int:
        """Pictures in which a face was looked for and not found."""
        return int(self._rows()[:, self._num_latents].sum(dtype=np.float64))

    def expected(self) -> ExpectedErrors | None:
        """Means of the expected errors; None where the network foretells none."""
        return None if self._columns is None else self._columns.read(self._rows()[:, self._num_latents + 1 :])

    def errors_mm(self) -> np.ndarray | None:
        """[N, V] float16, mapped from the disk; None where they are not kept."""
        if not self.keeps_errors:
            return None
        return np.memmap(self._folder / _ERRORS_FILE, "<f2", "r", shape=(self.num_frames, self._num_vertices))

    def close(self) -> None:
        """Keep what there is."""
        for file in self._files:
            file.close()
        self._files = []

    def remove(self) -> None:
        """Keep nothing."""
        self.close()
        for name in (_ROWS_FILE, _ERRORS_FILE, _KEY_FILE):
            (self._folder / name).unlink(missing_ok=True)

    def _rows(self) -> np.ndarray:
        return np.memmap(self._folder / _ROWS_FILE, "<f4", "r", shape=(self.num_frames, self._row_width))

    def _parts(self) -> list[tuple[Path, int]]:
        """Files and bytes of a row in them."""
        parts = [(self._folder / _ROWS_FILE, 4 * self._row_width)]
        if self.keeps_errors:
            parts.append((self._folder / _ERRORS_FILE, 2 * self._num_vertices))
        return parts

    def _is_of(self, work: str) -> bool:
        try:
            return (self._folder / _KEY_FILE).read_text("utf-8") == work
        except (OSError, UnicodeDecodeError):
            return False

    def _begin(self, work: str) -> int:
        self.remove()
        write_whole(self._folder / _KEY_FILE, work)
        return 0

    def _cut(self) -> int:
        """Cut the files to the rows that all of them hold whole."""
        parts = self._parts()
        for path, _ in parts:
            path.touch()
        num_frames = min(path.stat().st_size // num_bytes for path, num_bytes in parts)
        for path, num_bytes in parts:
            os.truncate(path, num_frames * num_bytes)
        return num_frames


def _row_width(bundle: ActorBundle) -> int:
    """Numbers in a frame's row."""
    return bundle.num_latents + 1 + (ErrorColumns(bundle.topology).num_columns if bundle.has_errors else 0)


def _write(file: IO[bytes], data: bytes) -> None:
    """All of it: an unbuffered file may take a part only."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
