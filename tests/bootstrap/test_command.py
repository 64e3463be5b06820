"""`livedouble track`, `fit` and `bootstrap`, as a user types them, with a tracker that was told what to see.

Rule: in this process, because the tracker's place is taken by a script.
"""

import json
import shutil
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from app.cli.bootstrap_report import bars
from app.cli.main import main
from engine.bundle import ActorBundle
from engine.claim import claimed
from engine.exit_codes import EXIT_TAKEN
from engine.model_files import short_checksum
from engine.movies import MovieReader, MovieWriter
from engine.preparation import Preparation
from engine.shots import DataSet
from tests.bootstrap.test_clip_set import SIZE, talking
from tests.cli.command_line import Outcome, assert_one_clear_line
from training.trackers import Reading
from training.trackers.models import FACE_LANDMARKER

RATE = Fraction(30)
NUM_FRAMES = 200


BITS, BARS_PX = 8, 80


def write_clip(path, numbers):
    """Noise that never changes, but for bars at the left edge that tell the picture's number in black and white."""
    picture = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    with MovieWriter(path, *SIZE, RATE, crf=12) as movie:
        for number in numbers:
            bars = np.repeat([220 * (number >> bit & 1) + 16 for bit in range(BITS)], SIZE[1] // BITS)
            picture[:, :BARS_PX] = bars[:, None, None]
            movie.write(picture)


def number_of(picture):
    """Read it again."""
    middles = (np.arange(BITS) * 2 + 1) * (SIZE[1] // BITS // 2)
    return sum(1 << bit for bit, row in enumerate(middles) if picture[row, BARS_PX // 2].mean() > 128)


@pytest.fixture
def livedouble(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


class Landmarker:
    """Knows every picture by its number and says what the script says of it."""

    name = "MediaPipe"
    script: ClassVar = {}
    num_asked: ClassVar = 0

    def __init__(self, model=None, most_faces=1):
        checksum = FACE_LANDMARKER.sha256[:12] if model is None else short_checksum(model)
        self.identity = f"{self.name}, model {checksum}"

    def find(self, picture):
        type(self).num_asked += 1
        return self.script.get(number_of(picture))

    def close(self):
        pass


@pytest.fixture
def clip(tmp_path, mean_head, monkeypatch):
    """A clip of two hundred frames; two have no face."""
    track, weights = talking(mean_head, NUM_FRAMES, noise_px=0.2)
    names = mean_head.rig.units
    script = {
        index: Reading(track.landmarks[index], dict(zip(names, weights[index].tolist(), strict=True)))
        for index in range(NUM_FRAMES)
        if index not in (50, 51)
    }
    monkeypatch.setattr(Landmarker, "script", script)
    monkeypatch.setattr(Landmarker, "num_asked", 0)
    monkeypatch.setattr("training.trackers.MediaPipeLandmarker", Landmarker)
    monkeypatch.setattr("training.head_learning.NUM_STEPS", 40)
    path = tmp_path / "me.mp4"
    write_clip(path, range(NUM_FRAMES))
    return path


def test_a_clip_becomes_a_double_in_one_command_and_every_step_is_kept(livedouble, clip, tmp_path):
    work, actor, figures = tmp_path / "work", tmp_path / "anna", tmp_path / "figures.json"
    tracked = livedouble("track", clip, "--work", work, "--json", tmp_path / "track.json")
    assert tracked.code == 0, tracked.err
    assert "99.0 % of 200 frames are used" in tracked.err
    assert "2 without a face" in tracked.err
    assert "four make a good double" in tracked.err
    found = json.loads((tmp_path / "track.json").read_text())["me"]
    assert found["left_out"] == {"no_face": 2}
    num_asked = Landmarker.num_asked
    assert num_asked == NUM_FRAMES

    fitted = livedouble("fit", work, "--name", "anna", "--json", tmp_path / "fit.json")
    assert fitted.code == 0, fitted.err
    assert json.loads((tmp_path / "fit.json").read_text())["reprojection_percent"] < 2
    data = DataSet.open(work / "data")
    assert data.actor == "anna"
    assert [shot.facts.num_frames for shot in data.validation] == [40]
    assert sum(shot.facts.num_frames for shot in data.training) == 158
    written = (work / "data" / "dataset.json").stat().st_mtime_ns

    arguments = "--out", actor, "--work", work, "--small", "--minutes", "0.1", "--threads", "1", "--json", figures
    made = livedouble("bootstrap", clip, *arguments)
    assert made.code == 0, made.err
    assert (work / "data" / "dataset.json").stat().st_mtime_ns == written  # neither tracked nor fitted again
    double = ActorBundle.open(actor)
    assert double.name == "anna"
    assert double.preparation is Preparation.SELF_STABILISED
    assert "from where the fit finds it" in fitted.err
    values = json.loads(figures.read_text())
    assert [one["name"] for one in values["measured"]] == ["anna", "MediaPipe", "mean face", "best in basis"]
    assert [one["name"] for one in values["agreement"]] == ["anna", "MediaPipe", "steady fit", "mean face"]
    assert set(values["agreement"][0]["correlations"]) == {"mouth", "blink", "brow", "smile"}
    assert values["pace"]["network_ms"] > 0
    assert values["share_used"] == {"me": pytest.approx(0.99)}
    assert "frames used of me: 99.00 % (≥ 98: met)" in made.out
    page = (work / "report.html").read_text("utf-8")
    assert "In the picture" in page
    assert "consent" in page
    assert "of a face that never moves" in page  # its own aims, not those of an actor from a studio
    assert "at most 0.92 mm" not in page
    assert 'id="warnings"' in page
    with MovieReader(work / "overlay.mp4") as movie:
        assert movie.facts.num_frames == 40
        assert movie.facts.width_px == 3 * SIZE[0]
    for number in range(1, 6):
        assert f"Step {number} of 5" in made.err
    # Measuring is a command of its own as well.
    (work / "report.html").unlink()
    judged = livedouble("judge", work, "--actor", actor)
    assert judged.code == 0, judged.err
    assert "frames used of me: 99.00 % (≥ 98: met)" in judged.out
    assert (work / "report.html").is_file()
    # Stopped while it measured, the same command goes on; what is somebody else's is left alone.
    (work / "overlay.mp4").unlink()
    assert livedouble("bootstrap", clip, *arguments).code == 0
    assert (work / "overlay.mp4").is_file()
    (tmp_path / "other").mkdir()
    refused = livedouble("bootstrap", clip, "--out", tmp_path / "other", *arguments[2:])
    assert_one_clear_line(refused, "exists already")


def test_a_held_out_part_that_hardly_moves_is_said_to_tell_little():
    def lines(mean_face_rmse_mm, num_frames=900):
        measured = {"overall": {"rmse_mm": 0.4}, "mean_face_rmse_mm": mean_face_rmse_mm, "jitter": None}
        agreement = {"reprojection_percent": 1.0, "correlations": dict.fromkeys(("mouth", "blink", "brow", "smile"))}
        agreement["correlations"]["brow"] = 0.65
        figures = {"measured": [measured, measured], "agreement": [agreement], "share_used": {"me": 0.99}}
        return bars({**figures, "num_frames": num_frames})

    assert lines(0.5)[0].startswith("The held-out part hardly moves: a face that never moves is off by 0.50 mm")
    assert lines(2.5) == [
        "RMSE to the fit: 0.40 mm (≤ 1.5: met)",
        "of a face that never moves: 0.16 (≤ 0.4: met)",
        "off the tracked landmarks: 1.00 % of the eyes' distance (≤ 4: met)",
        "mouth with the tracker, correlation: it never moves (≥ 0.9: cannot be said)",
        "blink with the tracker, correlation: it never moves (≥ 0.9: cannot be said)",
        "brow with the tracker, correlation: 0.65 (≥ 0.7: missed)",
        "smile with the tracker, correlation: it never moves (≥ 0.7: cannot be said)",
        "frames used of me: 99.00 % (≥ 98: met)",
    ]
    assert lines(2.5, num_frames=99)[0].startswith("Only 99 frames are held out")
    assert any("no better than a face that never moves" in line for line in lines(0.3))


def test_a_clip_that_was_copied_elsewhere_is_the_same_clip(livedouble, clip, tmp_path):
    work, moved = tmp_path / "work", tmp_path / "disk" / clip.name
    assert livedouble("track", clip, "--work", work).code == 0
    num_asked = Landmarker.num_asked
    moved.parent.mkdir()
    shutil.copyfile(clip, moved)
    clip.unlink()
    again = livedouble("track", moved, "--work", work)
    assert again.code == 0, again.err
    assert Landmarker.num_asked == num_asked
    fitted = livedouble("fit", work)
    assert fitted.code == 0, fitted.err


def test_other_clips_need_another_folder(livedouble, clip, tmp_path):
    work = tmp_path / "work"
    assert livedouble("track", clip, "--work", work).code == 0
    other = tmp_path / "other.mp4"
    write_clip(other, range(NUM_FRAMES))
    assert_one_clear_line(livedouble("track", other, "--work", work), "other clips")
    assert_one_clear_line(livedouble("track", clip, clip, "--work", tmp_path / "twice"), "twice")
    assert_one_clear_line(livedouble("track", tmp_path / "no.mp4", "--work", tmp_path / "w"), "no clip")
    assert_one_clear_line(livedouble("fit", tmp_path), "not a working folder")
    assert_one_clear_line(livedouble("judge", work, "--actor", "demo"), "livedouble fit")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    assert_one_clear_line(livedouble("track", clip, "--work", tmp_path / "full"), "something else")
    assert_one_clear_line(livedouble("bootstrap", clip, "--out", tmp_path / "a", "--name", " "), "no name")


def test_a_folder_that_cannot_be_made_is_told_in_one_line(livedouble, clip, tmp_path):
    # It was reported as a bug of ours.
    assert_one_clear_line(livedouble("track", clip, "--work", "/proc/x"), "/proc/x could not be written")
    assert_one_clear_line(livedouble("track", clip, "--work", clip), "could not be written")
    assert_one_clear_line(livedouble("bootstrap", clip, "--out", "/proc/x"), "could not be written")


def test_a_movie_that_lost_how_it_was_held_is_told_how_to_turn(livedouble, clip, tmp_path, monkeypatch):
    upside_down = tmp_path / "flipped.mp4"
    with MovieReader(clip) as movie, MovieWriter(upside_down, *SIZE, RATE, crf=12) as turned:
        for picture in movie:
            turned.write(np.ascontiguousarray(np.rot90(picture, 2)))
    monkeypatch.setattr(Landmarker, "find", lambda self, picture: (
        Landmarker.script.get(number_of(picture)) if picture[:, :BARS_PX].std(axis=1).mean() < 20 else None
    ))  # fmt: skip
    outcome = livedouble("track", upside_down, "--work", tmp_path / "work")
    assert_one_clear_line(outcome, "stands on its head", "180 degrees")


def test_a_model_or_a_table_that_comes_too_late_is_not_ignored(livedouble, clip, tmp_path):
    work, model, table = tmp_path / "work", tmp_path / "own.task", tmp_path / "take.csv"
    model.write_bytes(b"another model")
    missing = livedouble("track", clip, "--work", work, "--arkit", table)
    assert_one_clear_line(missing, f"There is no table {table}")
    assert livedouble("track", clip, "--work", work).code == 0
    assert_one_clear_line(livedouble("track", clip, "--work", work, "--mediapipe-model", model), "without", "Remove")
    assert_one_clear_line(livedouble("track", clip, "--work", work, "--arkit", table), "tracked already", "Remove")
    told = livedouble("track", clip, "--work", tmp_path / "own", "--mediapipe-model", model)
    assert told.code == 0
    assert "another model than our fits were checked with (64184e229b26…)" in told.err
    assert "was tracked by MediaPipe, model" in told.err
    assert "was tracked by" in livedouble("track", clip, "--work", tmp_path / "own").err  # later too, without it
    assert "was tracked by" not in livedouble("track", clip, "--work", work).err


def test_what_is_no_movie_leaves_no_folder_behind(livedouble, clip, tmp_path):
    words = tmp_path / "words.mp4"
    words.write_text("no movie")
    assert_one_clear_line(livedouble("track", words, "--work", tmp_path / "work"), "not a movie")
    assert_one_clear_line(livedouble("track", tmp_path, "--work", tmp_path / "work"), "is a folder")
    assert not (tmp_path / "work").exists()


def test_who_interrupts_a_fit_is_told_that_it_goes_on(livedouble, clip, tmp_path, monkeypatch):
    work = tmp_path / "work"
    assert livedouble("track", clip, "--work", work).code == 0

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.bootstrap.work.fit_clip", interrupted)
        stopped = livedouble("fit", work)
    assert stopped.code == 130
    assert "The same command goes on from there." in stopped.err
    assert livedouble("fit", work).code == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda reading: None, "without a face"),
        (lambda reading: Reading(reading.landmarks, reading.scores, 2), "with several faces"),
        (lambda reading: Reading(0.2 * reading.landmarks, reading.scores), "less than 56 pixels"),
        (lambda reading: Reading(reading.landmarks + 400, reading.scores), "outside the picture"),
    ],
)
def test_footage_that_cannot_be_used_is_refused_with_the_reason(
    livedouble, clip, tmp_path, monkeypatch, change, reason
):
    monkeypatch.setattr(Landmarker, "script", {number: change(one) for number, one in Landmarker.script.items()})
    outcome = livedouble("track", clip, "--work", tmp_path / "work")
    assert_one_clear_line(outcome, reason)
    assert "four minutes" in outcome.err
    assert (tmp_path / "work" / "me-track.npz").is_file()  # what was seen is kept


def test_two_processes_do_not_work_in_one_folder(livedouble, clip, tmp_path):
    work = tmp_path / "work"
    assert livedouble("track", clip, "--work", work).code == 0
    before = {path.name for path in work.iterdir()}
    with claimed(work):
        for command in (
            ("track", clip, "--work", work),
            ("fit", work),
            ("bootstrap", clip, "--work", work, "--out", tmp_path / "anna"),
        ):
            assert_one_clear_line(livedouble(*command), "Another process is writing into", code=EXIT_TAKEN)
    assert {path.name for path in work.iterdir()} == before
