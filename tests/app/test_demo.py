"""`livedouble demo`, on a small actor and clip in place of the bundled ones."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from app.cli import console, demo
from app.cli.main import main
from engine.bundle import ActorBundle
from engine.movies import MovieReader, MovieWriter
from engine.points import pack_points
from engine.shots import Role, Shot, ShotFacts
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, picture

NUM_FRAMES = 6


@pytest.fixture
def bundled(app: QApplication, tiny: ActorBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip whose truth is the neutral face; returns a folder to write into."""
    clip = tmp_path / "clip"
    clip.mkdir()
    facts = ShotFacts(
        name="clip",
        role=Role.VALIDATION,
        num_frames=NUM_FRAMES,
        num_vertices=tiny.topology.num_vertices,
        rate=(30, 1),
        timecode="10:00:00:00",
        movies={"front": "front.mp4"},
        points="points.npz",
        is_gray=True,
    )
    size = (TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX)
    with MovieWriter(clip / facts.movies["front"], *size, Fraction(30), is_gray=True) as movie:
        for index in range(NUM_FRAMES):
            movie.write(picture(40 + 20 * index))
    pack_points(clip / facts.points, np.repeat(tiny.topology.neutral[None], NUM_FRAMES, axis=0))
    Shot.write_facts(clip, facts)
    monkeypatch.setattr(console, "DEMO_ACTOR", tiny.folder)
    monkeypatch.setattr(demo, "DEMO_CLIP", clip)
    return tmp_path


def test_the_clip_loops_and_its_truth_is_measured(bundled: Path) -> None:
    report = bundled / "demo.json"
    assert main(["demo", "--headless", "--frames", "15", "--json", str(report)]) == 0
    values = json.loads(report.read_text("utf-8"))
    assert values["frames"] == 15 > NUM_FRAMES
    assert values["errors"] == 0
    assert values["rmse_mm"] > 0
    assert values["movie"] is None, "headless records only when asked"


def test_without_a_display_it_says_so_and_records_a_movie(
    bundled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.chdir(bundled)
    assert main(["demo", "--frames", "10"]) == 0
    told = capsys.readouterr()
    assert "no display" in told.err
    assert "demo.mp4" in told.err
    assert "frames/s" in told.out
    with MovieReader(bundled / "demo.mp4") as movie:
        assert len(list(movie)) >= 1


def test_a_missing_clip_is_one_line(bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DEMO_CLIP", bundled / "gone")
    assert main(["demo", "--headless"]) == 2
