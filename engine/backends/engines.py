"""Engines that TensorRT has built on this machine, kept for the next start in the user's cache.

Rule: an engine is a program. Only one that was written here, is whole and was built for this very network, runtime, GPU
and driver is loaded; anything else in its place is built again.
"""

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.disk import not_written
from engine.errors import BackendError

_MOST_KEPT = 24  # engines; 30 to 60 MB each
_PRIVATE, _OPEN_TO_WRITE = 0o700, 0o022


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine is good for, and nothing else."""

    network: str  # checksum of the ONNX file it is built from
    runtime: str  # with its version
    gpu: str  # with its compute capability
    driver: str
    batch_size: int

    @property
    def file_name(self) -> str:
        """Of the engine in the cache."""
        return f"{hashlib.sha256(self._line()).hexdigest()[:32]}.engine"

    def header(self, engine: bytes) -> bytes:
        """The first line of its file: the key and the engine's checksum."""
        return self._line() + b" " + hashlib.sha256(engine).hexdigest().encode("ascii")

    def _line(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode("utf-8")


def engine_folder() -> Path:
    """Where engines are kept: in the user's cache, as the system names it."""
    system = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(system) or Path.home() / ".cache") / "livedouble" / "engines"


def load_engine(folder: Path, key: EngineKey) -> bytes | None:
    """The engine that was kept under this key; None where there is none, or none that is whole.

    Raises:
        BackendError: Other users may write into the folder.
    """
    path = folder / key.file_name
    if not path.is_file():
        return None
    _check_private(folder)
    try:
        header, _, engine = path.read_bytes().partition(b"\n")
    except OSError:  # a bad disk; what cannot be written either is told when it is
        return None
    if header != key.header(engine):
        return None
    with suppress(OSError):
        path.touch()  # the ones used last are kept
    return engine


def keep_engine(folder: Path, key: EngineKey, engine: bytes) -> None:
    """Keep an engine, and of all of them the ones used last.

    Raises:
        BackendError: Other users may write into the folder.
        StorageError: It cannot be written; what lay there before is as it was.
    """
    path = folder / key.file_name
    partial = folder / f"{key.file_name}.{os.getpid()}.partial"
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        _check_private(folder)
        partial.write_bytes(key.header(engine) + b"\n" + engine)
        partial.replace(path)
    except OSError as error:
        raise not_written(f"The engine for this GPU, {path}", error) from error
    finally:
        partial.unlink(missing_ok=True)
    kept = sorted(folder.glob("*.engine"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for one in kept[_MOST_KEPT:]:
        one.unlink(missing_ok=True)


def _check_private(folder: Path) -> None:
    if sys.platform == "win32":  # the user's own by the system's rules
        return
    facts = folder.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & _OPEN_TO_WRITE:
        raise BackendError(
            f"Other users may write into {folder}, from which engines are loaded and run.",
            f"Make it yours alone (chmod 700 {folder}), or remove it.",
        )
