"""The list of a folder's movies and what became of them: one JSON file that any number of processes add to.

Rule: it tells, it does not decide: whether a movie is done is seen from its result. A name belongs to one movie.
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine.bundle import sha256_of
from engine.disk import not_written, write_whole
from engine.errors import StorageError, TakenError
from engine.solve_job import MovieRecord, State, is_of_movie

MANIFEST_FILE = "manifest.json"
SCHEMA = 1
_LOCK_FILE = ".manifest.lock"
_LOCK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Of one folder of results.

    Args:
        folder: Of the results; it exists.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.folder / MANIFEST_FILE

    def place(self, movies: Sequence[Path]) -> dict[Path, Path]:
        """Each movie's result; movies that are new here are listed as waiting.

        A result is called after its movie's stem. Where that is another movie's already, it takes the name of the
        movie's folder before it, and so on.

        Raises:
            StorageError: The folder cannot be written, or its manifest cannot be read.
        """
        with self._changing() as records:
            places: dict[Path, Path] = {}
            owners = {record["movie"]: name for name, record in records.items()}
            stems = [movie.stem for movie in movies]
            owned = {owners[str(movie)] for movie in movies if str(movie) in owners}
            for movie in movies:
                name = owners.get(str(movie)) or self._free_name(movie, records, owned, stems.count(movie.stem) > 1)
                owned.add(name)
                places[movie] = self.folder / name
                if records.get(name, {}).get("movie") != str(movie):
                    records[name] = asdict(MovieRecord(str(movie), name))
        return places

    def tell(self, *records: MovieRecord) -> None:
        """Note what became of movies. What an earlier run knew of a result that is done already stays.

        Raises:
            StorageError: The folder cannot be written, or its manifest cannot be read.
        """
        with self._changing() as known:
            for record in records:
                if record.state is State.TAKEN:
                    continue  # who is at it tells
                name = Path(record.file).name
                before = known.get(name, {})
                is_found = record.state is State.DONE and not record.checksum
                if is_found and before.get("work") == record.work and before.get("checksum"):
                    continue
                checksum = sha256_of(self.folder / name) if is_found else record.checksum
                known[name] = {**asdict(record), "file": name, "checksum": checksum}

    def _free_name(self, movie: Path, records: Mapping[str, Any], owned: Set[str], is_ambiguous: bool) -> str:
        name, candidates = movie.stem, [movie.stem]
        for part in movie.parent.parts[:0:-1]:
            name = f"{part}-{name}"
            candidates.append(name)
        candidates.append(f"{name}-{movie.suffix.lstrip('.')}")
        for candidate in candidates[int(is_ambiguous) :]:
            if f"{candidate}.npz" not in owned and self._may_be(f"{candidate}.npz", movie, records):
                return f"{candidate}.npz"
        raise StorageError(f"There is no name left for the result of {movie}.", "Choose another folder.")

    def _may_be(self, name: str, movie: Path, records: Mapping[str, Any]) -> bool:
        """Whether the result of this movie may have the name: nothing has it, or the movie lay elsewhere before."""
        if (self.folder / name).exists():
            return is_of_movie(self.folder / name, movie)
        return name not in records

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        lock = FileLock(self.folder / _LOCK_FILE, timeout=_LOCK_TIMEOUT_S)
        try:
            lock.acquire()
        except Timeout as error:
            raise TakenError(
                f"Another process holds the manifest of {self.folder}.", "Give this command again when it is done."
            ) from error
        except OSError as error:
            raise not_written(self.path, error) from error
        try:
            records = self._read()
            yield records
            text = json.dumps({"schema": SCHEMA, "movies": list(records.values())}, indent=1)
            write_whole(self.path, text + "\n")
        finally:
            lock.release()

    def _read(self) -> dict[str, Any]:
        """Records by the name of their result."""
        try:
            values = json.loads(self.path.read_text("utf-8"))
            if values["schema"] != SCHEMA:
                raise ValueError(f"its schema is {values['schema']}, this version reads {SCHEMA}")
            return {str(record["file"]): {**record, "movie": str(record["movie"])} for record in values["movies"]}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read ({error.strerror}).", "Choose another folder.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(
                f"{self.path} is not a manifest of solved movies ({error}).",
                "Remove it: results that lie there whole are found again.",
            ) from error
