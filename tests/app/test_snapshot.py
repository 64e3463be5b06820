from fractions import Fraction
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from app.jobs import Jobs
from app.snapshot import Recording, picture_of, save_screenshot
from engine.errors import LiveDoubleError, StorageError
from engine.movies import MovieReader

ORANGE = QColor(230, 120, 40)


@pytest.fixture
def widget(app: QApplication) -> QWidget:
    widget = QWidget()
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    widget.setStyleSheet(f"background: {ORANGE.name()};")
    widget.resize(161, 91)  # odd on purpose
    widget.show()
    QTest.qWait(20)
    return widget


def test_a_picture_shows_what_the_window_shows(widget: QWidget) -> None:
    picture = picture_of(widget)
    assert (picture.width(), picture.height()) == (161, 91)
    assert picture.pixelColor(80, 45) == ORANGE
    widget.close()


def test_a_screenshot_is_written(widget: QWidget, tmp_path: Path) -> None:
    save_screenshot(widget, tmp_path / "window.png")
    assert QImage(str(tmp_path / "window.png")).pixelColor(80, 45) == ORANGE
    widget.close()


def test_a_screenshot_that_cannot_be_written_says_so(widget: QWidget, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        save_screenshot(widget, tmp_path / "nowhere" / "window.png")
    widget.close()


def test_a_recording_has_the_windows_pixels_and_even_sizes(widget: QWidget, tmp_path: Path) -> None:
    jobs, failures = Jobs(lambda: None), list[LiveDoubleError]()
    recording = Recording(tmp_path / "window.mp4", Fraction(1000), jobs, failures.append)
    recording.add(widget)
    QTest.qWait(5)
    recording.add(widget)
    recording.close()
    jobs.close()
    assert failures == []
    with MovieReader(tmp_path / "window.mp4") as movie:
        pictures = list(movie)
        assert (movie.facts.width_px, movie.facts.height_px) == (160, 90)
    assert len(pictures) >= recording.num_pictures == 2, "time that passed between two pictures is filled"
    blue, green, red = (int(value) for value in pictures[0][45, 80])
    assert abs(red - 230) < 12
    assert abs(green - 120) < 12
    assert abs(blue - 40) < 12
    widget.close()


def test_a_resized_window_keeps_the_size_its_movie_began_with(widget: QWidget, tmp_path: Path) -> None:
    jobs, failures = Jobs(lambda: None), list[LiveDoubleError]()
    recording = Recording(tmp_path / "window.mp4", Fraction(1000), jobs, failures.append)
    recording.add(widget)
    widget.resize(320, 240)
    QTest.qWait(20)
    recording.add(widget)
    recording.close()
    jobs.close()
    assert failures == []
    with MovieReader(tmp_path / "window.mp4") as movie:
        assert movie.facts.width_px == 160
        assert len(list(movie)) >= 2
    widget.close()


def test_a_recording_that_cannot_be_written_fails_once(widget: QWidget, tmp_path: Path) -> None:
    # It once went on writing into the closed file, which ended the whole process.
    jobs, failures = Jobs(lambda: None), list[LiveDoubleError]()
    recording = Recording(tmp_path / "nowhere" / "window.mp4", Fraction(1000), jobs, failures.append)
    for _ in range(3):
        recording.add(widget)
        QTest.qWait(3)
    recording.close()
    jobs.close()
    assert [type(failure) for failure in failures] == [StorageError]
    widget.close()


def test_an_encoder_that_is_behind_costs_pictures_and_not_memory(widget: QWidget, tmp_path: Path) -> None:
    jobs = Jobs(lambda: None)
    recording = Recording(tmp_path / "window.mp4", Fraction(1000), jobs, lambda error: None)
    for _ in range(8):  # nobody collects: to the recording no picture is ever done
        recording.add(widget)
        QTest.qWait(3)
    assert recording.num_left_out >= 1
    assert recording.num_pictures <= 4
    recording.close()
    jobs.close()
    widget.close()
