"""What the commands share."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from app.cli import console
from engine.errors import ActorError, StorageError


@dataclass(frozen=True)
class _Report:
    frames: int
    fps: float


@pytest.mark.parametrize("report", [_Report(3, 1.5), {"frames": 3, "fps": 1.5}])
def test_a_report_is_written_whole(tmp_path: Path, report: object) -> None:
    console.write_json(tmp_path / "report.json", report)
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == {"frames": 3, "fps": 1.5}
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_report_on_a_full_disk_says_so() -> None:
    with pytest.raises(StorageError, match="disk is full"):
        console.write_json(Path("/dev/full"), {"frames": 3})


def test_a_report_goes_to_a_device_as_it_is() -> None:
    script = (
        "from pathlib import Path; from app.cli import console; console.write_json(Path('/dev/stdout'), {'frames': 3})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == {"frames": 3}


def test_a_reader_who_leaves_costs_the_lines_and_not_the_work(tmp_path: Path) -> None:
    # `| head -1` ended the process between its first line and its files.
    script = (
        "import sys; from pathlib import Path; from app.cli import console\n"
        "sys.stdin.read()\n"
        "console.out.print('a table')\n"
        "console.write_json(Path('-'), ['figures'])\n"
        "console.write_json(Path(sys.argv[1]), ['kept'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "kept.json")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (0, "")
    assert json.loads((tmp_path / "kept.json").read_text("utf-8")) == ["kept"]


def test_a_report_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    console.write_json(tmp_path / "link.json", {"frames": 3})
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text("utf-8")) == {"frames": 3}


def test_a_report_in_a_missing_folder_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        console.write_json(tmp_path / "missing" / "report.json", {})
    assert list(tmp_path.iterdir()) == []


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    console.check_can_write(tmp_path / "new.npz")
    with pytest.raises(StorageError, match="is a folder"):
        console.check_can_write(tmp_path)
    with pytest.raises(StorageError, match="There is no folder"):
        console.check_can_write(tmp_path / "missing" / "new.npz")


def test_an_actor_is_a_folder_or_the_one_that_comes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert console.actor_folder("some/where") == Path("some/where")
    monkeypatch.setattr(console, "DEMO_ACTOR", tmp_path)
    assert console.actor_folder("demo") == tmp_path
    monkeypatch.setattr(console, "DEMO_ACTOR", tmp_path / "missing")
    with pytest.raises(ActorError, match="no demo actor"):
        console.actor_folder("demo")


@pytest.mark.parametrize(("text", "expected"), [("1,2,30,40", (1, 2, 30, 40)), (" 0, 0, 3, 4 ", (0, 0, 3, 4))])
def test_a_crop_is_four_numbers(text: str, expected: tuple[int, int, int, int]) -> None:
    crop = console.parse_crop(text)
    assert (crop.x, crop.y, crop.width, crop.height) == expected


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,x", "1,2,0,4", "1,2,3,4,5"])
def test_what_is_no_crop_is_refused(text: str) -> None:
    with pytest.raises(console.UsageError, match="crop"):
        console.parse_crop(text)


@pytest.mark.parametrize(("seconds", "expected"), [(-1, "0 s"), (4.4, "4 s"), (200, "3:20"), (3723, "1:02:03")])
def test_durations_read_like_a_clock(seconds: float, expected: str) -> None:
    assert console.clock(seconds) == expected


def test_progress_in_a_log_is_a_line_a_tenth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=False))
    monkeypatch.setattr(console, "LOG_INTERVAL_S", 0.0)
    with console.progress("Solving", 40) as advance:
        for _ in range(40):
            advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "Solving: 40/40, 0 s left"


def test_what_was_done_before_tells_nothing_of_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=False))
    monkeypatch.setattr(console, "LOG_INTERVAL_S", 0.0)
    now_s = [0.0]
    monkeypatch.setattr(console.time, "perf_counter", lambda: now_s[0])
    with console.progress("Going on", 1000) as advance:
        for steps in (500, 0, 100, 100):  # a hundred steps a minute from there on
            advance(steps)
            now_s[0] += 60.0
    assert capsys.readouterr().err.splitlines() == ["Going on: 600/1000, 8:00 left", "Going on: 700/1000, 4:30 left"]


def test_progress_of_what_is_soon_done_stays_silent_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=False))
    monkeypatch.setattr(console, "LOG_INTERVAL_S", 3600.0)
    with console.progress("Solving", 40) as advance:
        advance(40)
    assert capsys.readouterr().err == ""


def test_progress_of_unknown_length_stays_silent_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=False))
    with console.progress("Solving", None) as advance:
        advance(1)
    assert capsys.readouterr().err == ""
