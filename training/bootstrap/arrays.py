"""Values that are nothing but arrays, as one `.npz` each.

Rule: a file appears whole or not at all.
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from engine.disk import not_written
from engine.errors import ShotError


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write them by name.

    Raises:
        StorageError: The disk is full, or the folder is gone.
    """
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise not_written(path, error) from error


def load_arrays(path: Path, names: tuple[str, ...], what: str, recovery: str) -> dict[str, np.ndarray]:
    """Read what `save_arrays` wrote.

    Args:
        path: Of the file.
        names: That it must hold.
        what: It is, for the message: `track`.
        recovery: What to do where it is damaged.

    Raises:
        ShotError: The file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ShotError(f"The {what} {path} cannot be read: {error}.", recovery) from error
