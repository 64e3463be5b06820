"""`livedouble likeness`, as a user types it, with trackers that do as they are told."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.training.tiny_data import write_tiny_data
from training import trackers
from training.trackers import Reading, TrackerError


class _Seeing:
    """Finds a face in every picture."""

    name = "seeing"

    def __init__(self, model: Path | None) -> None:
        if model is not None:
            raise TrackerError(f"There is no model {model}.", "Check the path.")

    def find(self, picture: np.ndarray) -> Reading | None:
        return Reading(np.zeros((4, 2)))

    def close(self) -> None:
        pass


class _Blind(_Seeing):
    """Finds none."""

    name = "blind"

    def find(self, picture: np.ndarray) -> Reading | None:
        return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Filmed material: its shots have no seed, so nobody can be asked to pose."""
    monkeypatch.setattr(trackers, "MediaPipeLandmarker", _Seeing)
    monkeypatch.setattr(trackers, "DlibPoints", _Seeing)
    write_tiny_data(tmp_path / "data")
    return tmp_path / "data"


def test_a_face_that_both_trackers_find_leaves_with_0(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "likeness.json"
    assert main.main(["likeness", str(folder), "--frames", "10", "--json", str(report)]) == 0
    assert "A face to every tracker" in capsys.readouterr().out
    values = json.loads(report.read_text("utf-8"))
    assert values["is_passed"] is True
    assert values["judgements"] == []
    assert {one["role"] for one in values["found"]} == {"range-of-motion", "expressions", "validation"}


def test_a_face_that_one_tracker_does_not_find_leaves_with_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trackers, "DlibPoints", _Blind)
    assert main.main(["likeness", str(folder), "--frames", "10"]) == 1
    assert "blind finds 0.0 % of the frames" in capsys.readouterr().out


def test_a_missing_model_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["likeness", str(folder), "--dlib-model", "gone.dat"]) == 2
    assert "There is no model gone.dat" in capsys.readouterr().err


def test_a_missing_camera_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["likeness", str(folder), "--camera", "side"]) == 2
    assert "no camera 'side'" in capsys.readouterr().err


def test_an_actor_nobody_knows_is_one_line() -> None:
    assert_one_clear_line(livedouble("likeness", "nobody"), "nobody")
