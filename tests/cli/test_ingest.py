"""`livedouble ingest` and `livedouble convert`, as a user runs them."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.cli.main import main
from engine.shots import DataSet
from export.take.write import Format
from tests.cli.command_line import Outcome, assert_one_clear_line, livedouble
from tests.ingest.head import head, performance, write_cache, write_movie

Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process, which is ten times faster than in its own."""

    def in_process(*arguments: str | Path) -> Outcome:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return in_process


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A movie, a second camera that started four frames later, and a point cache."""
    folder = tmp_path_factory.mktemp("takes")
    write_movie(folder / "front.mp4")
    write_movie(folder / "side.mov", codec="prores_ks", pixel_format="yuv422p10le", timecode="01:00:00:04")
    write_cache(folder, Format.NPZ)
    return folder


def _ingest(takes: Path, folder: Path, *more: str | Path) -> list[str | Path]:
    points = ["--points", takes / "cache.npz", "--role", "pangrams"]
    return ["ingest", "--out", folder, "--video", takes / "front.mp4", *points, *more]


def test_a_take_becomes_a_shot_and_the_report_says_how(takes: Path, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    more = ["--slate", "12A-3", "--notes", "angry", "--actor", "anna", "--json", report_file]
    outcome = livedouble(*_ingest(takes, tmp_path / "anna", *more))
    assert outcome.code == 0, outcome.err
    assert "10 frames at 30/s, from 01:00:00:00, 178 vertices, pangrams, of anna" in outcome.out
    assert "aligned by timecode" in outcome.out
    assert "the movie was taken as it is;" in outcome.out
    data = DataSet.open(tmp_path / "anna")
    assert (data.actor, data.shots[0].facts.slate, data.shots[0].facts.notes) == ("anna", "12A-3", "angry")
    report = json.loads(report_file.read_text("utf-8"))
    assert report["unit"] == "cm (from the file)"
    assert report["copied_movies"] == 1
    assert (data.shots[0].folder / "front.mp4").read_bytes() == (takes / "front.mp4").read_bytes()


def test_a_second_camera_cuts_the_shot_to_what_both_saw_and_says_what_is_left_out(
    run: Run, takes: Path, tmp_path: Path
) -> None:
    outcome = run(*_ingest(takes, tmp_path / "anna", "--video", f"side={takes / 'side.mov'}"))
    assert outcome.code == 0, outcome.err
    assert "Left out: 4 meshes without a picture (1 to 4)." in outcome.out
    assert "Left out: 4 front pictures without a mesh (1 to 4)." in outcome.out
    assert "Left out: 4 side pictures without a mesh (7 to 10)." in outcome.out
    assert "all 2 movies were re-encoded;" in outcome.out
    shot = DataSet.open(tmp_path / "anna").shots[0]
    assert (shot.facts.num_frames, str(shot.timecode), set(shot.facts.movies)) == (6, "01:00:00:04", {"front", "side"})
    np.testing.assert_array_equal(shot.vertices(), performance()[4:])


def test_a_dry_run_tells_everything_and_writes_nothing(run: Run, takes: Path, tmp_path: Path) -> None:
    outcome = run(*_ingest(takes, tmp_path / "anna", "--dry-run", "--offset", "-2"))
    assert outcome.code == 0, outcome.err
    assert "would be written: 8 frames" in outcome.out
    assert "by the offset given" in outcome.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--offset", "soon"), "soon"),
        (("--offset", "99"), "No mesh belongs to any picture"),
        (("--unit", "ft"), "mm, cm, m, in, auto"),
        (("--unit", "m"), "24 m high"),
        (("--up", "x"), "--up"),
        (("--rate", "fast"), "fast"),
        (("--rate", "25"), "frame rates differ"),
        (("--crop", "0,0,999,999"), "leaves the 96x128 picture"),
        (("--points-timecode", "25:00:00:00"), "timecode cannot be read"),
        (("--video", "other.mp4"), "twice"),
        (("--name", "../shot"), "no name for a shot"),
        (("--topology", "gone.obj"), "gone.obj"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    run: Run, takes: Path, tmp_path: Path, more: tuple[str, str], word: str
) -> None:
    assert_one_clear_line(run(*_ingest(takes, tmp_path / "anna", *more)), word)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_camera_is_one_line(run: Run, takes: Path, tmp_path: Path) -> None:
    side = ["--video", f"side={takes / 'side.mov'}", "--points", takes / "cache.npz", "--role", "pangrams"]
    assert_one_clear_line(run("ingest", "--out", tmp_path / "anna", *side), "no front camera")


def test_a_shot_is_converted_to_every_format(run: Run, takes: Path, tmp_path: Path) -> None:
    assert run(*_ingest(takes, tmp_path / "anna")).code == 0
    shot = tmp_path / "anna" / "001_pangrams"
    pytest.importorskip("alembic3d", reason="the `formats` extra is not installed")
    for name in ("a.abc", "a.usd", "a.usdc", "a.usda", "a.pc2", "a.mdd", "a.npy", "a.npz"):
        outcome = run("convert", shot, "--out", tmp_path / name)
        assert outcome.code == 0, outcome.err
        assert "frames 1 to 10" in outcome.out
    outcome = run("convert", shot, "--to", "obj", "--out", tmp_path / "meshes", "--start", "timecode")
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in (tmp_path / "meshes").iterdir())[0] == "001_pangrams.108000.obj"
    assert not list(tmp_path.glob("*partial*"))


def test_a_timecode_that_nobody_knows_is_not_invented(run: Run, tmp_path: Path) -> None:
    film = write_movie(tmp_path / "front.mp4", timecode=None)
    points = ["--points", write_cache(tmp_path, timecode=None), "--role", "pangrams"]
    outcome = run("ingest", "--out", tmp_path / "anna", "--video", film, *points)
    assert outcome.code == 0, outcome.err
    assert "10 frames at 30/s, no timecode, 178 vertices" in outcome.out
    shot = DataSet.open(tmp_path / "anna").shots[0]
    assert (shot.facts.timecode, shot.timecode.frame_number) == ("", 0)
    outcome = run("convert", shot.folder, "--out", tmp_path / "out.npz")
    assert "(no timecode)" in outcome.out
    with np.load(tmp_path / "out.npz") as file:
        assert str(file["timecode"]) == ""
    assert_one_clear_line(
        run("convert", shot.folder, "--out", tmp_path / "a.npy", "--start", "timecode"), "no timecode"
    )


def test_a_solved_movie_is_converted(run: Run, tmp_path: Path) -> None:
    topology = head()
    latents = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
    basis = (performance()[4] - topology.neutral).reshape(1, -1)
    members = {"latents": latents, "basis": basis, "mean": topology.neutral.reshape(-1), "faces": topology.faces}
    np.savez(tmp_path / "take.npz", **members, rate=np.array([25, 1]), timecode=np.array("02:00:00:00"))
    outcome = run("convert", tmp_path / "take.npz", "--out", tmp_path / "take.npy", "--unit", "mm", "--up", "z")
    assert outcome.code == 0, outcome.err
    written = np.load(tmp_path / "take.npy")
    np.testing.assert_allclose(written[4][:, 2], performance()[4][:, 1] * 10, atol=1e-4)


@pytest.mark.parametrize("name", ["points.pc2", "front.mp4", "new.npz"])
def test_a_shot_is_never_converted_over_itself(run: Run, takes: Path, tmp_path: Path, name: str) -> None:
    shot = _shot(takes) / "001_pangrams"
    before = {path.name: path.read_bytes() for path in shot.iterdir()}
    assert_one_clear_line(run("convert", shot, "--to", "npz", "--out", shot / name), "lies in the shot")
    assert {path.name: path.read_bytes() for path in shot.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "more", "word"),
    [
        ("a", (), "does not say its format"),
        ("a.fbx", (), "the format fbx is not written"),
        ("a.usdz", (), "usd, usda"),
        ("gone/a.npy", (), "no folder"),
        ("a.npy", ("--start", "soon"), "soon"),
        ("a.abc", (), "--topology"),
    ],
)
def test_what_cannot_be_converted_is_one_line(
    run: Run, tmp_path: Path, name: str, more: tuple[str, ...], word: str
) -> None:
    demo = Path(__file__).parents[2] / "app" / "demo" / "clip"
    assert_one_clear_line(run("convert", demo, "--out", tmp_path / name, *more), word)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 80 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    is_mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    command = ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", str(folder)]
    if not is_mounted or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_leaves_nothing(run: Run, takes: Path, small_disk: Path) -> None:
    shutil.copy(takes / "front.mp4", small_disk / "filler")
    with (small_disk / "filler").open("ab") as file:
        file.write(bytes(40_000))
    (small_disk / "anna").mkdir()
    assert_one_clear_line(run(*_ingest(takes, small_disk / "anna")), "disk is full")
    assert list((small_disk / "anna").iterdir()) == []


@pytest.mark.parametrize("name", ["a.abc", "a.usd", "a.usda", "a.pc2", "a.mdd", "a.npy", "a.npz", "meshes"])
def test_a_disk_that_fills_up_while_converting_is_one_line_and_leaves_nothing(
    run: Run, takes: Path, small_disk: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(_shot(takes), small_disk.parent / "anna")
    (small_disk / "filler").write_bytes(bytes(68_000))
    monkeypatch.setattr("export.take.write.check_room", lambda *_: None)  # another program took the space since
    shot = small_disk.parent / "anna" / "001_pangrams"
    kind = ["--to", "obj"] if name == "meshes" else []
    assert_one_clear_line(run("convert", shot, "--out", small_disk / name, *kind), "disk")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def _shot(takes: Path) -> Path:
    folder = takes / "whole"
    if not folder.exists():
        assert livedouble(*_ingest(takes, folder)).code == 0
    return folder
