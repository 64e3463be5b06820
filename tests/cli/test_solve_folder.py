"""`livedouble solve` of many movies into a folder, as a user types it: stopped, killed, damaged, given again."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.claim import claimed
from engine.movies import MovieWriter
from engine.unfinished import unfinished_folder
from tests.cli.command_line import SCRIPT, assert_one_clear_line, livedouble
from tests.cli.conftest import NUM_FRAMES
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, tiny_bundle

_ORT = ("--backend", "onnxruntime")
_NUM_LONG = 1500
_SOON_S, _LATE_S = 0.02, 60.0


def _told(folder: Path) -> dict[str, dict]:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return {record["file"]: record for record in manifest["movies"]}


def _copies(movie: Path, folder: Path, *names: str) -> list[Path]:
    made = []
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(movie.read_bytes() + bytes(number))  # a decoder minds no zeros at the end
        made.append(path)
    return made


def test_many_movies_become_a_folder_that_tells_of_each(actor: Path, movie: Path, tmp_path: Path) -> None:
    movies = _copies(movie, tmp_path, "a.mp4", "b.mp4", "c.mp4")
    folder, report = tmp_path / "solved", tmp_path / "report.json"
    outcome = livedouble("solve", *movies, "--actor", actor, "--out", folder, "--json", report, *_ORT)
    assert outcome.code == 0, outcome.err
    assert "3 movies, 36 frames" in outcome.out
    told = _told(folder)
    assert sorted(told) == ["a.npz", "b.npz", "c.npz"]
    for name, record in told.items():
        assert (record["state"], record["exit"], record["frames"]) == ("done", 0, NUM_FRAMES)
        assert len(record["checksum"]) == 64
        assert record["seconds"] > 0
        with np.load(folder / name) as file:
            assert file["latents"].shape == (NUM_FRAMES, 160)
    values = json.loads(report.read_text("utf-8"))
    assert (values["num_done"], values["num_failed"], values["frames_solved"]) == (3, 0, 3 * NUM_FRAMES)


def test_what_is_done_is_not_solved_again(actor: Path, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "solved"
    assert livedouble("solve", movie, "--actor", actor, "--out", folder, *_ORT).code == 0
    before, written_ns = _told(folder), (folder / "ramp.npz").stat().st_mtime_ns
    outcome = livedouble("solve", movie, "--actor", actor, "--out", folder, *_ORT)
    assert outcome.code == 0, outcome.err
    assert "1 was done already" in outcome.out
    assert (folder / "ramp.npz").stat().st_mtime_ns == written_ns
    assert _told(folder) == before


def test_one_broken_movie_stops_no_other_and_is_named_at_the_end(actor: Path, movie: Path, tmp_path: Path) -> None:
    first, broken, last = _copies(movie, tmp_path, "a.mp4", "b.mp4", "c.mp4")
    broken.write_text("This is a text.", "utf-8")
    folder = tmp_path / "solved"
    gone = tmp_path / "gone.mp4"
    outcome = livedouble("solve", first, broken, tmp_path, gone, last, "--actor", actor, "--out", folder, *_ORT)
    assert outcome.code == 3
    assert "3 of 5 movies failed" in outcome.err
    for name in (broken, gone, tmp_path):
        assert any(str(name) in line for line in outcome.error_lines[-3:]), name
    states = [record["state"] for record in _told(folder).values()]
    assert sorted(states) == ["done", "done", "failed", "failed", "failed"]
    assert (folder / "c.npz").exists()


def test_a_movie_that_another_process_solves_is_its_own_to_tell_of(actor: Path, movie: Path, tmp_path: Path) -> None:
    movies, folder = _copies(movie, tmp_path, "a.mp4", "b.mp4"), tmp_path / "solved"
    with claimed(unfinished_folder(folder / "a.npz")):
        outcome = livedouble("solve", *movies, "--actor", actor, "--out", folder, *_ORT)
        alone = livedouble("solve", movies[0], "--actor", actor, "--out", folder / "a.npz", *_ORT)
    assert outcome.code == 75, outcome.err
    assert "Another process is at 1 movie" in outcome.err
    assert str(movies[0]) in outcome.err
    told = _told(folder)
    assert (told["a.npz"]["state"], told["b.npz"]["state"]) == ("waiting", "done")
    assert alone.code == 75
    assert "Another process is writing" in alone.err
    assert livedouble("solve", *movies, "--actor", actor, "--out", folder, *_ORT).code == 0


def test_movies_of_one_name_and_one_given_twice(actor: Path, movie: Path, tmp_path: Path) -> None:
    one, other = _copies(movie, tmp_path, "day1/take.mp4", "day2/take.mp4")
    folder = tmp_path / "solved"
    outcome = livedouble("solve", one, other, one, "--actor", actor, "--out", folder, *_ORT)
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in folder.glob("*.npz")) == ["day1-take.npz", "day2-take.npz"]


def test_a_movie_of_another_actor_is_solved_anew(actor: Path, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "solved"
    assert livedouble("solve", movie, "--actor", actor, "--out", folder, *_ORT).code == 0
    tiny_bundle(tmp_path / "other", weights="float32")
    outcome = livedouble("solve", movie, "--actor", tmp_path / "other", "--out", folder, *_ORT)
    assert "1 movie, 12 frames" in outcome.out


@pytest.mark.parametrize(
    ("place", "words"),
    [("taken", ("taken", ".npz")), ("one.npz", ("one file", "folder")), ("/proc/nowhere", ("/proc/nowhere",))],
)
def test_a_place_that_cannot_be_is_one_line(
    actor: Path, movie: Path, tmp_path: Path, place: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "taken").write_text("", "utf-8")
    other = Path(shutil.copy(movie, tmp_path / "other.mp4"))
    outcome = livedouble("solve", movie, other, "--actor", actor, "--out", tmp_path / place, *_ORT)
    assert_one_clear_line(outcome, *words)


def test_the_other_cameras_movies_of_many_are_found_by_a_pattern(movie: Path, tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "actor", cameras=("front", "side"))
    fronts = _copies(movie, tmp_path, "1/front.mp4", "2/front.mp4")
    _copies(movie, tmp_path, "1/side.mp4", "2/side.mp4")
    command = ("solve", *fronts, "--actor", tmp_path / "actor", "--out", tmp_path / "solved", *_ORT)
    assert_one_clear_line(livedouble(*command, "--side", tmp_path / "1/side.mp4"), "for many movies", "{folder}")
    outcome = livedouble(*command, "--side", "{folder}/side.mp4")
    assert outcome.code == 0, outcome.err
    assert {tuple(record["cameras"]) for record in _told(tmp_path / "solved").values()} == {("front", "side")}


def test_without_ray_the_cluster_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    blocked = "import sys; sys.modules['ray'] = None; "
    command = ["solve", str(movie), "--actor", str(actor), "--out", str(tmp_path / "solved"), "--ray", "auto"]
    done = subprocess.run([sys.executable, "-c", blocked + SCRIPT, *command], capture_output=True, text=True)
    assert done.returncode == 2
    assert "livedouble[cluster]" in done.stderr
    assert not (tmp_path / "solved").exists()


# Stopped and killed


@pytest.fixture(scope="module")
def long_movies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two that take a few seconds; frame n has the gray level n / 8."""
    folder = tmp_path_factory.mktemp("long")
    size = TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX
    paths = [folder / "a.mp4", folder / "b.mp4"]
    for number, path in enumerate(paths):
        with MovieWriter(path, *size, Fraction(25), crf=10, is_gray=True, preset="ultrafast") as writer:
            for index in range(_NUM_LONG):
                writer.write(np.full(size[::-1], index // 8 + 20 * number, np.uint8))
    return paths


def _stopped(command: list[str], has_begun: Callable[[], bool], number: signal.Signals) -> tuple[int, str]:
    """Exit code and stderr of a command that is sent a signal when it has begun."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *command], stderr=subprocess.PIPE, text=True)
    never = threading.Event()
    for _ in range(round(_LATE_S / _SOON_S)):
        if has_begun() or process.poll() is not None:
            break
        never.wait(_SOON_S)
    process.send_signal(number)
    _, words = process.communicate(timeout=_LATE_S)
    return process.returncode, words


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 130)]
)
def test_a_run_that_ends_early_goes_on_and_makes_the_same_results(
    actor: Path, long_movies: list[Path], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    folder, whole = tmp_path / "solved", tmp_path / "whole"
    settings = ("--actor", str(actor), "--batch", "4", "--no-vertices", *_ORT)
    command = ["solve", *map(str, long_movies), "--out", str(folder), *settings]

    def has_begun() -> bool:
        rows = [folder / f"{path.stem}.npz.partial" / "rows.bin" for path in long_movies]
        return all(path.exists() and path.stat().st_size > 40 * 4 * 161 for path in rows)

    returned, words = _stopped(command, has_begun, number)
    assert returned == code, words
    if code == 130:
        assert "The same command goes on" in words
        told = _told(folder)
        assert {(record["state"], record["exit"]) for record in told.values()} == {("waiting", 130)}
        for name, record in told.items():
            kept = (folder / f"{name}.partial" / "rows.bin").stat().st_size // (4 * 161)
            assert record["frames"] == kept >= 40  # which the next run does not solve again
    outcome = livedouble(*command)
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("goes on from frame") == 2
    assert list(folder.glob("*.partial")) == []
    assert livedouble("solve", *long_movies, "--out", whole, *settings).code == 0
    for path in long_movies:
        with np.load(folder / f"{path.stem}.npz") as found, np.load(whole / f"{path.stem}.npz") as expected:
            assert len(found["latents"]) == _NUM_LONG
            np.testing.assert_allclose(found["latents"], expected["latents"], atol=1e-5)


def test_a_single_file_that_was_stopped_goes_on_too(actor: Path, long_movies: list[Path], tmp_path: Path) -> None:
    result = tmp_path / "solved.npz"
    command = ["solve", str(long_movies[0]), "--actor", str(actor), "--out", str(result), "--batch", "4", *_ORT]
    rows = tmp_path / "solved.npz.partial" / "rows.bin"
    code, words = _stopped(command, lambda: rows.exists() and rows.stat().st_size > 40 * 4 * 161, signal.SIGINT)
    assert code == 130, words
    assert "goes on from there" in words
    assert not result.exists()
    outcome = livedouble(*command)
    assert "a.mp4 goes on from frame" in outcome.err
    with np.load(result) as file:
        assert len(file["vertices"]) == _NUM_LONG
    assert [path.name for path in tmp_path.iterdir()] == ["solved.npz"]
