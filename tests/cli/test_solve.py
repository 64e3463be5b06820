"""`livedouble solve`, as a user types it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.cli.console import UsageError
from app.cli.solve import parse_views
from engine.movies import MovieWriter
from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.cli.conftest import NUM_FRAMES
from tests.fakes import tiny_bundle

_ORT = ("--backend", "onnxruntime")


def test_every_frame_of_the_movie_is_in_the_file(actor: Path, movie: Path, tmp_path: Path) -> None:
    result, report = tmp_path / "solved.npz", tmp_path / "report.json"
    outcome = livedouble("solve", movie, "--actor", actor, "--out", result, "--json", report, "--batch", "5", *_ORT)
    assert outcome.code == 0, outcome.err
    assert "12 frames" in outcome.out
    with np.load(result) as file:
        assert file["latents"].shape == (NUM_FRAMES, 160)
        assert file["vertices"].shape == (NUM_FRAMES, 50, 3)
        assert np.ptp(file["vertices"], axis=0).max() > 0, "frames that differ gave one mesh"
    values = json.loads(report.read_text("utf-8"))
    assert (values["frames"], values["backend"], values["precision"]) == (NUM_FRAMES, "onnxruntime", "float32")
    assert values["fps"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "solved.npz"]


def test_the_result_is_the_same_for_any_batch(actor: Path, movie: Path, tmp_path: Path) -> None:
    vertices = []
    for batch in ("1", "32"):
        result = tmp_path / f"{batch}.npz"
        assert livedouble("solve", movie, "--actor", actor, "--out", result, "--batch", batch, *_ORT).code == 0
        with np.load(result) as file:
            vertices.append(file["vertices"])
    np.testing.assert_allclose(vertices[0], vertices[1], atol=1e-4)


@pytest.fixture
def damaged(actor: Path, tmp_path: Path) -> Path:
    """A copy of the actor, to damage."""
    return Path(shutil.copytree(actor, tmp_path / "damaged"))


def _solve(movie: Path, actor: Path | str, out: Path, *more: str) -> object:
    return livedouble("solve", movie, "--actor", actor, "--out", out, *_ORT, *more)


def test_a_missing_actor_is_one_line(movie: Path, tmp_path: Path) -> None:
    assert_one_clear_line(_solve(movie, tmp_path / "nobody", tmp_path / "x.npz"), "nobody")


def test_a_truncated_network_is_one_line(movie: Path, damaged: Path, tmp_path: Path) -> None:
    network = damaged / "network.onnx"
    network.write_bytes(network.read_bytes()[:-100])
    assert_one_clear_line(_solve(movie, damaged, tmp_path / "x.npz"), "network.onnx", "checksum")


def test_a_wrong_checksum_is_one_line(movie: Path, damaged: Path, tmp_path: Path) -> None:
    facts = json.loads((damaged / "bundle.json").read_text("utf-8"))
    facts["files"]["basis.bin"] = "0" * 64
    (damaged / "bundle.json").write_text(json.dumps(facts), "utf-8")
    assert_one_clear_line(_solve(movie, damaged, tmp_path / "x.npz"), "basis.bin", "checksum")


def test_facts_that_are_no_facts_are_one_line(movie: Path, damaged: Path, tmp_path: Path) -> None:
    (damaged / "bundle.json").write_text("[1, 2", "utf-8")
    assert_one_clear_line(_solve(movie, damaged, tmp_path / "x.npz"), "bundle.json")


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"This is a text, not a movie.\n" * 50, "not a movie")],
    ids=["empty", "text"],
)
def test_a_file_that_is_no_movie_is_one_line(actor: Path, tmp_path: Path, content: bytes, word: str) -> None:
    movie = tmp_path / "movie.mp4"
    movie.write_bytes(content)
    assert_one_clear_line(_solve(movie, actor, tmp_path / "x.npz"), "movie.mp4", word)


def test_a_missing_movie_is_one_line(actor: Path, tmp_path: Path) -> None:
    assert_one_clear_line(_solve(tmp_path / "gone.mp4", actor, tmp_path / "x.npz"), "gone.mp4")


def test_a_crop_outside_the_picture_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    outcome = _solve(movie, actor, tmp_path / "x.npz", "--crop", "200,0,240,320")
    assert_one_clear_line(outcome, "200,0,240,320", "300x400")
    assert list(tmp_path.iterdir()) == []


def test_a_movie_of_another_size_is_solved_with_the_largest_crop_and_says_so(actor: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    with MovieWriter(other, 480, 320, Fraction(25), is_gray=True) as writer:
        writer.write(np.zeros((320, 480), np.uint8))
    outcome = livedouble("solve", other, "--actor", actor, "--out", tmp_path / "x.npz", *_ORT)
    assert outcome.code == 0
    assert "the largest crop that fits is used (120,0,240,320)" in outcome.err
    with np.load(tmp_path / "x.npz") as file:
        assert file["crop"].tolist() == [120, 0, 240, 320]


def test_what_is_no_crop_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    assert_one_clear_line(_solve(movie, actor, tmp_path / "x.npz", "--crop", "middle"), "middle")


def test_a_missing_folder_for_the_result_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    assert_one_clear_line(_solve(movie, actor, tmp_path / "missing" / "x.npz"), "missing")


@pytest.mark.parametrize("more", [("--batch", "0"), ("--backend", "abacus"), ("--precision", "float8")])
def test_an_impossible_option_is_one_line(actor: Path, movie: Path, tmp_path: Path, more: tuple[str, str]) -> None:
    outcome = livedouble("solve", movie, "--actor", actor, "--out", tmp_path / "x.npz", *more)
    assert_one_clear_line(outcome, more[0])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    is_mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not is_mounted or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_leaves_nothing(actor: Path, movie: Path, small_disk: Path) -> None:
    assert_one_clear_line(_solve(movie, actor, small_disk / "solved.npz"), "solved.npz", "disk is full")
    assert list(small_disk.iterdir()) == []


def test_a_full_disk_for_the_report_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    outcome = _solve(movie, actor, tmp_path / "solved.npz", "--json", "/dev/full")
    assert_one_clear_line(outcome, "/dev/full", "disk is full")


@pytest.mark.parametrize("name", ["own.mp4", "solved.txt"])
def test_a_result_that_is_not_an_npz_is_refused_and_nothing_is_overwritten(
    actor: Path, movie: Path, tmp_path: Path, name: str
) -> None:
    own = Path(shutil.copy(movie, tmp_path / "own.mp4"))
    before = own.read_bytes()
    assert_one_clear_line(livedouble("solve", own, "--actor", actor, "--out", tmp_path / name), name, ".npz")
    assert own.read_bytes() == before


def test_a_movie_cut_off_is_solved_as_far_as_it_goes_and_never_passes_for_whole(actor: Path, tmp_path: Path) -> None:
    # Matroska counts no frames; its duration tells what is missing.
    path = tmp_path / "cut.mkv"
    noise = np.random.default_rng(1)
    with MovieWriter(path, 128, 160, Fraction(30)) as writer:
        for _ in range(60):
            writer.write(noise.integers(0, 256, (160, 128, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    outcome = livedouble("solve", path, "--actor", actor, "--out", tmp_path / "solved.npz", *_ORT)
    assert outcome.code == 3
    assert "claims 60 frames" in outcome.err
    assert "cut off" in outcome.err
    with np.load(tmp_path / "solved.npz") as file:
        num_frames = len(file["latents"])
    assert 0 < num_frames < 60
    for _ in range(2):  # nor when it is found done
        outcome = livedouble("solve", path, "--actor", actor, "--out", tmp_path / "folder", *_ORT)
        assert outcome.code == 3, outcome.err
        (record,) = json.loads((tmp_path / "folder" / "manifest.json").read_text("utf-8"))["movies"]
        assert (record["state"], record["exit"], record["frames"]) == ("done", 3, num_frames)


# Several cameras


@pytest.fixture(scope="module")
def two_cameras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an actor that sees front and side, and foretells its errors."""
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    folder = tmp_path_factory.mktemp("two") / "actor"
    tiny_bundle(folder, cameras=("front", "side"), has_errors=True)
    return folder


def test_the_side_cameras_movie_is_solved_along(two_cameras: Path, movie: Path, tmp_path: Path) -> None:
    side = Path(shutil.copy(movie, tmp_path / "side.mp4"))
    report = tmp_path / "report.json"
    outcome = _solve(movie, two_cameras, tmp_path / "x.npz", "--side", side, "--json", report)
    assert outcome.code == 0, outcome.err
    assert "Record these expressions next" in outcome.out
    values = json.loads(report.read_text("utf-8"))
    assert values["cameras"] == ["front", "side"]
    assert values["expected_mm"] > 0
    assert [moment["frame"] for moment in values["record_next"]], "no moment is named"
    with np.load(tmp_path / "x.npz") as file:
        assert file["errors_mm"].shape == (NUM_FRAMES, 50)


def test_without_the_side_movie_the_actor_does_with_the_front_and_says_so(
    two_cameras: Path, movie: Path, tmp_path: Path
) -> None:
    outcome = _solve(movie, two_cameras, tmp_path / "x.npz")
    assert outcome.code == 0, outcome.err
    assert "trained with front and side: it is solved without side" in outcome.err.replace("\n", " ")


def test_a_camera_the_actor_does_not_have_is_one_line(actor: Path, movie: Path, tmp_path: Path) -> None:
    outcome = _solve(movie, actor, tmp_path / "x.npz", "--view", f"top={movie}")
    assert_one_clear_line(outcome, "no second camera top", "one camera")


def test_movies_of_other_lengths_are_one_line(two_cameras: Path, movie: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    with MovieWriter(short, 300, 400, Fraction(25), is_gray=True) as writer:
        writer.write(np.zeros((400, 300), np.uint8))
    outcome = _solve(movie, two_cameras, tmp_path / "x.npz", "--side", short)
    assert_one_clear_line(outcome, "side movie has 1 frames, the front movie 12")
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(("texts", "says"), [(["side"], "no camera with its movie"), (["side=a"], "given twice")])
def test_what_is_no_view_is_refused(texts: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_views(texts, Path("b.mp4"))
