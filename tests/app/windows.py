"""Windows on small lines, and waiting for what happens in them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from PyQt6.QtCore import QSettings
from PyQt6.QtTest import QTest

from app.opening import Line, Request
from app.window import LiveWindow
from engine.bundle import ActorBundle
from engine.errors import CameraError
from engine.frames import Frame
from engine.session import Session
from tests.fakes import FakeBackend, FakeCamera

LONG_S = 20.0
REQUEST = Request(actor=Path("unused"), camera="unused")


def until(holds: Callable[[], bool], what: str) -> None:
    """Let the window work until something holds."""
    deadline_s = monotonic() + LONG_S
    while not holds():
        assert monotonic() < deadline_s, f"it never came to this: {what}"
        QTest.qWait(5)


def line_of(bundle: ActorBundle, items: Sequence[Frame | CameraError], *, hangs: bool = True) -> Line:
    """A line whose camera gives these frames and then falls silent, or ends."""
    backend = FakeBackend(bundle)
    return Line(bundle, backend, Session(FakeCamera(items, hangs=hangs), bundle, backend))


@contextmanager
def window_on(
    open_: Callable[[Request], Line], size: tuple[int, int] = (1100, 700), settings: QSettings | None = None
) -> Iterator[LiveWindow]:
    """A window that is shown, started and, in the end, closed."""
    window = LiveWindow(REQUEST, settings, lambda request, seen: open_(request))
    window.resize(*size)
    window.show()
    window.start()
    try:
        yield window
    finally:
        window.close()
        window.deleteLater()
        QTest.qWait(0)
