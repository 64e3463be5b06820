from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QSettings, Qt
from PyQt6.QtGui import QCloseEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from app.opening import Line, Request
from app.panels_figures import Figure
from app.window import LiveWindow
from engine.bundle import ActorBundle
from engine.errors import ActorError, CameraError
from engine.frames import Frame
from engine.render import Shading
from tests.app.windows import REQUEST, line_of, until, window_on
from tests.fakes import TINY_CROP, frame, tiny_bundle

GIVES_UP = CameraError("The cable came off.", "Plug it in.")


@pytest.fixture(scope="session")
def unsure(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """A small actor of two cameras whose network foretells its errors."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    return tiny_bundle(tmp_path_factory.mktemp("actors") / "unsure", cameras=("front", "side"), has_errors=True)


def true_frames(bundle: ActorBundle, count: int = 3) -> list[Frame]:
    return [frame(index, truth=np.array(bundle.topology.neutral)) for index in range(count)]


def wheel(place: QPoint, notches: int) -> QWheelEvent:
    return QWheelEvent(
        place.toPointF(),
        place.toPointF(),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


@pytest.fixture
def running(app: QApplication, tiny: ActorBundle) -> Iterator[LiveWindow]:
    """A window that has shown a mesh of a source without truth, and waits for more."""
    with window_on(lambda _: line_of(tiny, [frame(0)])) as window:
        until(lambda: window.has_run and window.statistics is not None, "a mesh is shown")
        until(lambda: window.statistics.displayed == 1, "and counted")
        QTest.qWait(20)  # what the first numbers needed has been laid out
        yield window


def test_a_window_opens_runs_and_closes_leaving_no_thread(running: LiveWindow, tiny: ActorBundle) -> None:
    line = running.line
    running.close()
    assert not running.isVisible()
    assert line.backend.is_closed
    assert line.session.wait(0.0)


def test_closing_a_closed_window_does_nothing(running: LiveWindow) -> None:
    released = []
    release = running.viewport.release
    running.viewport.release = lambda: released.append(release())  # type: ignore[method-assign]
    running.close()
    running.closeEvent(QCloseEvent())
    assert len(released) == 1


def test_a_window_closed_while_it_opens_closes_what_was_opened(app: QApplication, tiny: ActorBundle) -> None:
    opened: list[Line] = []

    def open_(request: Request) -> Line:
        opened.append(line_of(tiny, [frame(0)]))
        return opened[0]

    with window_on(open_):
        pass
    assert opened[0].backend.is_closed
    assert opened[0].session.wait(0.0)


def test_actor_and_camera_are_named(running: LiveWindow) -> None:
    assert running.actor_name == "tiny"
    assert running.camera_name == "fake"
    assert "tiny" in running.windowTitle()
    assert running.face.figures.camera.reading.detail == "of 30"


def test_an_error_of_the_line_is_shown_with_reason_and_recovery(app: QApplication, tiny: ActorBundle) -> None:
    with window_on(lambda _: line_of(tiny, [frame(0), GIVES_UP])) as window:
        until(window.face.banner.isVisible, "the banner is shown")
        assert window.face.banner.reason.text() == GIVES_UP.reason
        assert window.face.banner.recovery.text() == GIVES_UP.recovery
        assert window.face.banner.again.isVisible()
        assert window.error is GIVES_UP


def test_try_again_runs_a_new_line(app: QApplication, tiny: ActorBundle) -> None:
    lines = [line_of(tiny, [GIVES_UP]), line_of(tiny, [frame(0)])]
    with window_on(lambda _: lines.pop(0)) as window:
        until(window.face.banner.isVisible, "the banner is shown")
        assert not window.has_run
        QTest.mouseClick(window.face.banner.again, Qt.MouseButton.LeftButton)
        until(lambda: window.has_run, "the second line shows a mesh")
        assert not window.face.banner.isVisible()
        assert window.error is None


def test_an_actor_that_does_not_open_ends_the_line_before_it_runs(app: QApplication) -> None:
    error = ActorError("There is no actor nobody.", "Give the folder of an actor.")

    def refuse(request: Request) -> Line:
        raise error

    ends = []
    with window_on(refuse) as window:
        window.ended.connect(lambda: ends.append(window.error))
        until(lambda: bool(ends), "the window hears of it")
        assert ends == [error]
        assert not window.has_run
        assert window.face.banner.reason.text() == error.reason


def test_the_end_of_the_stream_is_told_calmly(app: QApplication, tiny: ActorBundle) -> None:
    with window_on(lambda _: line_of(tiny, [frame(0), frame(1)], hangs=False)) as window:
        until(window.face.banner.isVisible, "the end is shown")
        assert "ended" in window.face.banner.reason.text()
        assert window.error is None
        assert window.statistics.frames == 2


def test_error_colours_are_off_without_truth_and_say_why(running: LiveWindow) -> None:
    button = running.face.controls.buttons[Shading.ERROR]
    assert not button.isEnabled()
    assert "does not know the true mesh" in button.toolTip()
    QTest.keyClick(running, Qt.Key.Key_3)
    assert running.stage.look.shading is not Shading.ERROR


def test_error_colours_and_their_scale_show_where_the_truth_is_known(app: QApplication, tiny: ActorBundle) -> None:
    with window_on(lambda _: line_of(tiny, true_frames(tiny))) as window:
        button = window.face.controls.buttons[Shading.ERROR]
        until(button.isEnabled, "the error colours are offered")
        assert not window.face.pane.colour_bar.isVisible()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert window.stage.look.shading is Shading.ERROR
        assert window.face.pane.colour_bar.isVisible()
        until(lambda: window.face.figures.rmse.reading.value != "–", "the error is measured")


def test_expected_errors_are_not_offered_by_an_actor_that_foretells_none(running: LiveWindow) -> None:
    assert not running.face.controls.buttons[Shading.EXPECTED].isEnabled()
    QTest.keyClick(running, Qt.Key.Key_5)
    assert running.stage.look.shading is not Shading.EXPECTED


def test_expected_errors_are_offered_by_an_actor_that_foretells_them(app: QApplication, unsure: ActorBundle) -> None:
    with window_on(lambda _: line_of(unsure, [frame(0)])) as window:
        until(lambda: window.has_run, "a mesh is shown")
        assert "solved without side" in window.line.session.notes[0]
        QTest.keyClick(window, Qt.Key.Key_5)
        assert (window.stage.look.shading, window.stage.look.error_range_mm) == (Shading.EXPECTED, 2.0)
        assert window.face.pane.colour_bar.isVisible()
        np.testing.assert_array_equal(window.stage._errors_mm(window.stage.mesh), window.stage.mesh.errors_mm)
        QTest.keyClick(window, Qt.Key.Key_2)
        assert not window.face.pane.colour_bar.isVisible()


def test_an_actor_without_a_skin_is_shown_as_clay(running: LiveWindow) -> None:
    assert not running.face.controls.buttons[Shading.SKIN].isEnabled()
    assert running.stage.look.shading is Shading.CLAY


def test_keys_choose_the_view(running: LiveWindow) -> None:
    QTest.keyClick(running, Qt.Key.Key_4)
    assert running.stage.look.shading is Shading.NORMALS
    QTest.keyClick(running, Qt.Key.Key_2)
    assert running.stage.look.shading is Shading.CLAY
    QTest.keyClick(running, Qt.Key.Key_W)
    assert running.stage.look.has_wire
    QTest.keyClick(running, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert not running.isVisible()


def test_the_mouse_turns_pans_and_zooms_and_f_brings_the_head_back(running: LiveWindow) -> None:
    first, viewport = running.stage.orbit, running.viewport
    centre = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=centre)
    QTest.mouseMove(viewport, centre * 1.2)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton)
    turned = running.stage.orbit
    assert turned.yaw_deg != first.yaw_deg
    assert turned.target == first.target
    QTest.mousePress(viewport, Qt.MouseButton.MiddleButton, pos=centre)
    QTest.mouseMove(viewport, centre * 0.8)
    QTest.mouseRelease(viewport, Qt.MouseButton.MiddleButton)
    assert running.stage.orbit.target != turned.target
    before = running.stage.orbit.distance_cm
    QApplication.sendEvent(viewport, wheel(centre, notches=2))
    assert running.stage.orbit.distance_cm < before
    QTest.keyClick(running, Qt.Key.Key_F)
    assert running.stage.orbit == first


def test_the_view_moves_with_the_mouse_only_while_a_button_is_held(running: LiveWindow) -> None:
    first = running.stage.orbit
    QTest.mouseMove(running.viewport, running.viewport.rect().center())
    assert running.stage.orbit == first


@pytest.mark.parametrize("size", [(960, 600), (1024, 640), (1440, 900), (1920, 1080)])
def test_the_layout_survives_resizing(running: LiveWindow, size: tuple[int, int]) -> None:
    running.resize(*size)
    QTest.qWait(20)
    assert (running.width(), running.height()) == size
    whole = running.rect()
    parts: list[QWidget] = [
        running.face.camera_card,
        running.face.mesh_card,
        running.face.figures,
        running.face.throughput,
        running.face.latency,
    ]
    boxes = [part.rect().translated(part.mapTo(running, part.rect().topLeft())) for part in parts]
    for part, box in zip(parts, boxes, strict=True):
        assert whole.contains(box), part
        assert not any(box.intersects(other) for other in boxes if other is not box), part
    assert running.viewport.width() > running.face.camera_view.width()
    figures = running.face.figures.findChildren(Figure)
    assert len(figures) == 10
    assert all(figure.width() >= figure.minimumSizeHint().width() for figure in figures)


def test_nothing_moves_while_numbers_change(running: LiveWindow) -> None:
    def places() -> list[tuple[str, int, int, int, int]]:
        widgets = running.findChildren(QWidget)
        return [(type(widget).__name__, *widget.geometry().getRect()) for widget in widgets if widget.isVisible()]

    before = places()
    for fps in (9.9, 29.97, 120.0, None):
        running.face.throughput.add((fps, fps, fps))
        running.face.latency.add((None, fps))
    running.face.camera_card.facts.set_text("a camera with an uncommonly long name, which nobody shortened" * 3)
    running.face.top_bar.set_actor("An actor with a very long name indeed" * 5)
    QTest.qWait(20)
    assert places() == before


def test_a_dragged_crop_reaches_the_line_inside_the_picture(running: LiveWindow) -> None:
    view = running.face.camera_view
    start = view.crop_box().center().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start + view.rect().bottomRight())
    assert running.line.session.crop == TINY_CROP, "the network's crop changes on release"
    assert "Crop" in running.face.camera_card.facts.text()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton)
    crop = running.line.session.crop
    assert crop.is_inside(300, 400)
    assert (crop.x, crop.y) == (60, 80), "it stops at the picture's edge"


def test_a_double_click_brings_the_actors_own_crop_back(running: LiveWindow) -> None:
    view = running.face.camera_view
    corner = view.crop_box().bottomRight().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=corner)
    QTest.mouseMove(view, corner * 0.8)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton)
    assert running.line.session.crop.width < TINY_CROP.width
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=view.crop_box().center().toPoint())
    assert running.line.session.crop == TINY_CROP


def test_the_window_remembers_its_place(app: QApplication, tiny: ActorBundle, tmp_path: Path) -> None:
    def open_(request: Request) -> Line:
        return line_of(tiny, [frame(0)])

    path = str(tmp_path / "settings.ini")
    with window_on(open_, (960, 655), QSettings(path, QSettings.Format.IniFormat)) as window:
        window.face.splitter.setSizes([420, 500])
        split = window.face.splitter.sizes()
    again = LiveWindow(REQUEST, QSettings(path, QSettings.Format.IniFormat), lambda request, seen: open_(request))
    again.show()
    QTest.qWait(20)
    size, split_again = (again.width(), again.height()), again.face.splitter.sizes()
    again.close()
    assert size == (960, 655)  # not wider: Qt keeps a restored window on the small screen of tests
    assert split_again == split


def test_notes_of_the_line_stand_in_the_status_line(app: QApplication, tiny: ActorBundle) -> None:
    def open_(request: Request) -> Line:
        line = line_of(tiny, [frame(0)])
        line.session._camera.facts = line.session._camera.facts.__class__("other", 640, 480, None, True, None)
        return line

    with window_on(open_) as window:
        until(lambda: bool(window.face.status.notes.text()), "a note is shown")
        assert "640x480" in window.face.status.notes.text()


def test_the_face_is_drawn_at_rest_while_the_network_is_loaded(app: QApplication, tiny: ActorBundle) -> None:
    may_go_on = Event()

    def open_(request: Request, seen: Callable[[ActorBundle], None]) -> Line:
        seen(tiny)
        assert may_go_on.wait(20)
        return line_of(tiny, [frame(0)])

    window = LiveWindow(REQUEST, None, open_)
    window.show()
    window.start()
    until(lambda: window.stage.bundle is tiny and not window.stage.is_stale, "the face is drawn")
    renderer = window.stage._renderer
    assert renderer is not None
    assert window.line is None
    may_go_on.set()
    until(lambda: window.has_run, "a mesh is drawn")
    assert window.stage._renderer is renderer, "nothing is made twice"
    window.close()
