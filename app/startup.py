"""Makes the process ready for Qt and OpenGL. Import it before either: the one place that sets what they read at start.

Rule: Qt and PyOpenGL must reach OpenGL by the same road, on Linux EGL, or neither sees the other's context.
"""

import ctypes
import os
import sys
import threading
from functools import cache
from pathlib import Path

_YIELD_NICE = 10  # a tenth of the processor time of a thread that does not yield, where both want it
_THREAD_SWITCH_S = 0.0005  # Python's 5 ms lets a busy thread hold up painting: 7 ms instead of 2

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "xcb_egl")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt6")

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QtMsgType, qInstallMessageHandler  # noqa: E402
from PyQt6.QtGui import QSurfaceFormat  # noqa: E402
from PyQt6.QtWidgets import QApplication  # noqa: E402

from app.display import has_display  # noqa: E402
from engine.errors import LiveDoubleError  # noqa: E402

# Said by Qt on machines without a desktop; nothing is wrong and nobody can act on it.
_NOISE = ("This plugin does not support", "propagateSizeHints", "XDG_RUNTIME_DIR", "Populating font family aliases")


def check_display() -> None:
    """Refuse where no window can be shown; Qt itself would end the process.

    Raises:
        LiveDoubleError: There is no display, or Qt's part for it cannot be loaded.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not has_display():
        raise LiveDoubleError("There is no display to show a window on.", "Add --headless, or log in to a desktop.")
    if not os.environ.get("WAYLAND_DISPLAY"):
        plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            raise LiveDoubleError(
                f"Qt cannot show windows here ({error}).", "Install that library, or add --headless."
            ) from error


def application(is_headless: bool) -> QApplication:
    """The process's one QApplication, made at the first call.

    Args:
        is_headless: Paint windows into memory; no display is needed.
    """
    existing = QCoreApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if is_headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.setswitchinterval(_THREAD_SWITCH_S)
    qInstallMessageHandler(_report)
    surface = QSurfaceFormat()
    surface.setVersion(3, 3)
    surface.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    surface.setDepthBufferSize(24)
    surface.setSamples(4)
    surface.setSwapInterval(1)
    QSurfaceFormat.setDefaultFormat(surface)
    app = QApplication(sys.argv[:1])
    app.setOrganizationName("LiveDouble")
    app.setApplicationName("LiveDouble")
    return app


@cache
def give_way() -> None:
    """Let this thread, and every thread it starts from now on, yield to the line's.

    For drawing in software, which takes whole cores: drawing late costs a picture on screen, solving late costs a
    frame of the performance. Linux alone has priorities of single threads; elsewhere nothing changes.
    """
    if sys.platform.startswith("linux"):
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + _YIELD_NICE))


def return_memory(*, is_asked: bool) -> None:
    """Give what is freed back to the system at once, or keep it for what comes next.

    Asked for while an actor is opened: that takes for a moment what is never needed again, and each library keeps its
    own leftovers (560 to 605 MiB at most, 530 with this). Not while the line runs: each frame would get new pages.
    Linux's C library alone is told; elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return
    mmap_threshold, trim_threshold = (128 << 10, 128 << 10) if is_asked else (32 << 20, 64 << 20)
    library.mallopt(_M_MMAP_THRESHOLD, mmap_threshold)
    library.mallopt(_M_TRIM_THRESHOLD, trim_threshold)


def _report(kind: QtMsgType, context: object, message: str | None) -> None:
    if message and not any(noise in message for noise in _NOISE) and kind is not QtMsgType.QtDebugMsg:
        sys.stderr.write(f"Qt: {message}\n")
