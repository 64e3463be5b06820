"""Guards around every test: no thread left over, no error logged, nothing written outside temporary folders.

Rule: no Qt and no torch here; the engine's tests also run where neither is installed.
"""

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_JOIN_TIMEOUT_S = 5.0
_HOME = tempfile.TemporaryDirectory(prefix="livedouble-home-", ignore_cleanup_errors=True)

# Before numpy and Qt are imported. One home for the whole run, so that drivers keep their shader caches;
# the folders of settings are changed for every test below.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HOME"] = _HOME.name
os.environ["XDG_CACHE_HOME"] = str(Path(_HOME.name) / "cache")


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test neither reads nor leaves settings."""
    folder = str(tmp_path_factory.mktemp("settings"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, folder)
    core = sys.modules.get("PyQt6.QtCore")
    if core is not None:
        for kind in (core.QSettings.Format.NativeFormat, core.QSettings.Format.IniFormat):
            core.QSettings.setPath(kind, core.QSettings.Scope.UserScope, folder)


@pytest.fixture(autouse=True)
def _own_working_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test writes where it was told to, and nowhere else."""
    folder = tmp_path_factory.mktemp("working-folder")
    monkeypatch.chdir(folder)
    yield
    left = sorted(path.name for path in folder.iterdir())
    assert not left, f"the test left files in the working folder: {left}"


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """What a test starts, it stops."""
    before = set(threading.enumerate())
    yield
    # Threads that Python did not start (a driver's, a codec's) appear as dummies and cannot be joined.
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not isinstance(thread, threading._DummyThread)
    ]
    for thread in left:
        thread.join(_JOIN_TIMEOUT_S)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"the test left threads running: {alive}"


@pytest.fixture(autouse=True)
def _no_error_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error in the log is a failure; a test that provokes one looks at it and calls `caplog.clear()`."""
    yield
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors, f"errors were logged: {errors}"
