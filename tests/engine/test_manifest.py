"""A folder's list of movies: a name for each, and what became of it."""

import json
import threading
from pathlib import Path

import pytest

from engine.errors import StorageError
from engine.manifest import Manifest
from engine.solve_job import MovieRecord, State
from engine.worker import Worker


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    folder = tmp_path / "solved"
    folder.mkdir()
    return Manifest(folder)


def _names(manifest: Manifest, *movies: str) -> list[str]:
    paths = [Path(movie) for movie in movies]
    places = manifest.place(paths)
    return [places[path].name for path in paths]


def _told(manifest: Manifest) -> dict[str, dict]:
    return {record["file"]: record for record in json.loads(manifest.path.read_text("utf-8"))["movies"]}


def test_a_result_is_called_after_its_movie(manifest: Manifest) -> None:
    assert _names(manifest, "/shots/a.mov", "/shots/b.mp4") == ["a.npz", "b.npz"]
    assert {record["state"] for record in _told(manifest).values()} == {"waiting"}


def test_movies_of_one_name_are_told_apart_by_their_folders(manifest: Manifest) -> None:
    movies = ("/x/day1/take.mov", "/x/day2/take.mov", "/y/day2/take.mov", "/x/day1/take.mp4")
    names = _names(manifest, *movies)
    assert names[:2] == ["day1-take.npz", "day2-take.npz"]
    assert len(set(names)) == 4, names
    assert _names(manifest, *movies[::-1]) == names[::-1], "a movie's name changed"


def test_a_movie_that_comes_later_takes_nobodys_name(manifest: Manifest) -> None:
    assert _names(manifest, "/day1/take.mov") == ["take.npz"]
    assert _names(manifest, "/day2/take.mov") == ["day2-take.npz"]
    assert _names(manifest, "/day1/take.mov", "/day2/take.mov") == ["take.npz", "day2-take.npz"]


def test_a_file_that_is_not_ours_is_not_overwritten(manifest: Manifest) -> None:
    (manifest.folder / "take.npz").write_bytes(b"somebody's")
    assert _names(manifest, "/day1/take.mov") == ["day1-take.npz"]


def test_what_became_of_a_movie_replaces_what_was_known(manifest: Manifest) -> None:
    _names(manifest, "/a.mov", "/b.mov")
    manifest.tell(MovieRecord("/a.mov", "solved/a.npz", State.DONE, 0, frames=12, checksum="c", work="w"))
    manifest.tell(MovieRecord("/b.mov", "solved/b.npz", State.FAILED, 3, "It is damaged."))
    told = _told(manifest)
    assert (told["a.npz"]["state"], told["a.npz"]["frames"], told["a.npz"]["checksum"]) == ("done", 12, "c")
    assert (told["b.npz"]["exit"], told["b.npz"]["error"]) == (3, "It is damaged.")


def test_what_a_run_told_of_a_result_stays_when_it_is_found_again(manifest: Manifest) -> None:
    done = MovieRecord("/a.mov", "solved/a.npz", State.DONE, 0, frames=12, seconds=3.0, checksum="c", work="w")
    manifest.tell(done)
    manifest.tell(MovieRecord("/a.mov", "solved/a.npz", State.DONE, 0, frames=12, work="w"))
    assert _told(manifest)["a.npz"]["seconds"] == 3.0


def test_a_result_that_no_manifest_knows_gets_its_checksum(manifest: Manifest) -> None:
    (manifest.folder / "a.npz").write_bytes(b"result")
    manifest.tell(MovieRecord("/a.mov", "solved/a.npz", State.DONE, 0, frames=12, work="w"))
    assert len(_told(manifest)["a.npz"]["checksum"]) == 64


def test_nothing_is_lost_when_several_tell_at_once(manifest: Manifest) -> None:
    ended = threading.Semaphore(0)
    errors: list[object] = []

    def tell(number: int) -> None:
        for index in range(10):
            name = f"{number}-{index}"
            manifest.tell(MovieRecord(f"/{name}.mov", f"{name}.npz", State.FAILED, 3))

    def over(error: object) -> None:
        errors.append(error)
        ended.release()

    workers = [Worker(f"teller {number}", lambda number=number: tell(number), over) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        assert worker.join(60.0)
    assert errors == [None] * 4
    assert len(_told(manifest)) == 40


@pytest.mark.parametrize("text", ["[1, 2", '{"schema": 99, "movies": []}', "[]", '{"schema": 1, "movies": [{}]}'])
def test_what_is_no_manifest_is_refused_and_kept(manifest: Manifest, text: str) -> None:
    manifest.path.write_text(text, "utf-8")
    with pytest.raises(StorageError, match="not a manifest"):
        manifest.tell(MovieRecord("/a.mov", "a.npz"))
    assert manifest.path.read_text("utf-8") == text
