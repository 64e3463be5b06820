"""`livedouble live` with what cannot work: one clear line each, before any window."""

import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import assert_one_clear_line, livedouble


@pytest.mark.parametrize(
    ("camera", "word"),
    [("4711", "4711"), ("/dev/video4711", "video4711"), ("movie:gone.mp4", "gone.mp4"), ("banana", "banana")],
)
def test_a_camera_that_does_not_exist_is_one_line(actor: Path, camera: str, word: str) -> None:
    assert_one_clear_line(livedouble("live", "--headless", "--actor", actor, "--camera", camera), word)


def test_a_missing_actor_is_one_line(tmp_path: Path) -> None:
    outcome = livedouble("live", "--headless", "--actor", tmp_path / "nobody", "--camera", "pattern:")
    assert_one_clear_line(outcome, "nobody")


def test_a_text_as_movie_is_one_line(actor: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no movie\n" * 50, "utf-8")
    outcome = livedouble("live", "--headless", "--actor", actor, "--camera", f"movie:{tmp_path / 'text.mp4'}")
    assert_one_clear_line(outcome, "text.mp4", "not a movie")


def test_a_crop_outside_the_picture_is_one_line(actor: Path) -> None:
    outcome = livedouble(
        "live", "--headless", "--actor", actor, "--camera", "pattern:300x400", "--crop", "200,0,240,320"
    )
    assert_one_clear_line(outcome, "200,0,240,320", "300x400")


def test_a_recording_never_overwrites_the_movie_that_plays(actor: Path, movie: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(movie, tmp_path / "own.mp4"))
    before = own.read_bytes()
    outcome = livedouble("live", "--headless", "--actor", actor, "--camera", f"movie:{own}", "--movie", own)
    assert_one_clear_line(outcome, "own.mp4", "being read")
    assert own.read_bytes() == before


def test_a_display_that_does_not_answer_is_one_line(actor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Qt itself would end the process with a signal.
    monkeypatch.setenv("DISPLAY", ":4711")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    outcome = livedouble("live", "--actor", actor, "--camera", "pattern:", "--frames", "3")
    assert_one_clear_line(outcome, "no display", "--headless")
