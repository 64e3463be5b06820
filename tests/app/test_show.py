"""The window as the command line runs it: from opening to the report, without a display."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from app import startup
from app.cli.main import main
from app.opening import Request
from app.plots import RollingPlot
from app.show import show
from app.showing import Showing
from engine.bundle import ActorBundle
from engine.errors import CameraError, LiveDoubleError
from engine.frames import CropRect
from engine.movies import MovieReader

HEADLESS = Showing(is_headless=True, closes_at_end=True)


def request(tiny: ActorBundle, num_frames: int | None = 20, camera: str = "pattern:300x400@60") -> Request:
    return Request(actor=tiny.folder, camera=camera, backend="onnxruntime", num_frames=num_frames)


def test_a_run_of_so_many_frames_reports_each_of_them(app: QApplication, tiny: ActorBundle) -> None:
    told: list[int] = []
    shown = show(request(tiny, num_frames=40), HEADLESS, told.append)
    statistics = shown.statistics
    assert statistics.frames == 40
    assert statistics.solved + statistics.dropped.solver_busy == 40
    assert statistics.displayed + statistics.dropped.display_busy == statistics.solved
    assert statistics.displayed > 0
    assert statistics.errors == 0
    assert statistics.backend == "onnxruntime"
    assert shown.error is None
    assert shown.first_mesh_s > 0
    if sys.platform.startswith("linux"):
        start = shown.start
        assert 0 < start.window_s <= start.line_s <= start.first_mesh_s
    assert shown.window_size == (1440, 900)
    assert told == sorted(told)
    assert told[-1] <= 40


def test_movie_and_screenshot_show_the_window(app: QApplication, tiny: ActorBundle, tmp_path: Path) -> None:
    showing = Showing(True, True, movie=tmp_path / "window.mp4", screenshot=tmp_path / "window.png")
    shown = show(request(tiny), showing, lambda frames: None)
    assert shown.error is None
    picture = QImage(str(tmp_path / "window.png"))
    assert (picture.width(), picture.height()) == (1440, 900)
    with MovieReader(tmp_path / "window.mp4") as movie:
        assert (movie.facts.width_px, movie.facts.height_px) == (1440, 900)
        assert len(list(movie)) >= shown.movie.pictures >= 1


def test_a_line_that_cannot_begin_raises_its_reason(app: QApplication, tiny: ActorBundle) -> None:
    outside = Request(actor=tiny.folder, camera="pattern:300x400", crop=CropRect(200, 0, 240, 320))
    with pytest.raises(CameraError, match="200,0,240,320"):
        show(outside, HEADLESS, lambda frames: None)


def test_a_mistake_of_ours_ends_the_run_instead_of_hanging_it(
    app: QApplication, tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(self: object, *values: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(RollingPlot, "add", stumble)
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        show(request(tiny, num_frames=None), HEADLESS, lambda frames: None)


def test_without_a_display_a_window_is_refused_before_qt_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(LiveDoubleError, match="no display"):
        startup.check_display()


def test_live_writes_a_report_for_machines(app: QApplication, tiny: ActorBundle, tmp_path: Path) -> None:
    report = tmp_path / "live.json"
    arguments = ["live", "--actor", tiny.folder, "--camera", "pattern:300x400@60", "--frames", 12, "--headless"]
    assert main([str(argument) for argument in (*arguments, "--json", report)]) == 0
    values = json.loads(report.read_text("utf-8"))
    assert values["frames"] == 12
    assert values["errors"] == 0
    assert set(values["dropped"]) == {"camera", "solver_busy", "display_busy"}
    assert set(values["fps"]) == {"camera", "solve", "display"}
    assert set(values["latency_ms"]) == {"p50", "p95", "p99"}
    assert values["rmse_mm"] is None, "a test card has no truth"
    assert values["actor"] == "tiny"
    assert values["machine"]["num_cores"] >= 1


@pytest.mark.parametrize(
    ("option", "value"), [("--movie", "window.txt"), ("--movie", "nowhere/window.mp4"), ("--screenshot", "window.gif")]
)
def test_a_result_that_cannot_be_written_is_refused_before_the_run(tiny: ActorBundle, option: str, value: str) -> None:
    assert main(["live", "--actor", str(tiny.folder), "--camera", "pattern:", "--headless", option, value]) == 2


# Stands for a machine where actors are not made: asking for one of these fails as it would there.
_BLOCK = """
import sys

BLOCKED = {"torch", "onnx", "anny", "matplotlib", "mediapipe", "dlib", "ray", "pandas"}


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
from app.cli.main import main

code = main(sys.argv[1:])
sys.exit(code or ("training was loaded" if "training" in sys.modules else 0))
"""


def test_a_start_needs_nothing_that_makes_actors_and_tells_how_long_it_took(tiny: ActorBundle, tmp_path: Path) -> None:
    report = tmp_path / "live.json"
    command = ["live", "--actor", tiny.folder, "--camera", "pattern:300x400@60", "--headless", "--frames", "6"]
    root = Path(startup.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", _BLOCK, *map(str, command), "--json", str(report)],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(report.read_text("utf-8"))
    start = values["start"]
    assert list(start) == ["command_s", "libraries_s", "window_s", "line_s", "first_mesh_s"]
    if sys.platform.startswith("linux"):
        assert list(start.values()) == sorted(start.values())
        assert start["command_s"] > 0
        assert values["peak_memory_mib"] > 100
