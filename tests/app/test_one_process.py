"""OpenCV, Qt and pyqtgraph in one process, each with its own parts."""

import os
from pathlib import Path

import cv2
import numpy as np
import pyqtgraph
from PyQt6.QtCore import QLibraryInfo
from PyQt6.QtGui import QSurfaceFormat
from PyQt6.QtWidgets import QApplication


def test_opencv_brings_no_qt_that_could_shadow_ours(app: QApplication) -> None:
    assert cv2.resize(np.zeros((8, 8), np.uint8), (4, 4)).shape == (4, 4)
    package = Path(cv2.__file__).parent
    assert not list(package.glob("**/libqxcb*")), "install opencv-python-headless, not opencv-python"
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert "QT_QPA_FONTDIR" not in os.environ
    plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath))
    assert "PyQt6" in plugins.parts


def test_pyqtgraph_uses_the_same_qt(app: QApplication) -> None:
    assert pyqtgraph.Qt.QT_LIB == "PyQt6"
    assert isinstance(pyqtgraph.mkQApp(), QApplication)


def test_windows_ask_for_the_opengl_that_the_renderer_needs(app: QApplication) -> None:
    surface = QSurfaceFormat.defaultFormat()
    assert (surface.majorVersion(), surface.minorVersion()) == (3, 3)
    assert surface.profile() is QSurfaceFormat.OpenGLContextProfile.CoreProfile
