"""Qt without a display: one application for all tests of the window, and an eye on what goes wrong in its slots."""

import sys
from collections.abc import Iterator
from types import TracebackType

import pytest
from PyQt6.QtWidgets import QApplication

from app import startup, theme
from engine.bundle import ActorBundle
from tests.fakes import tiny_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """A small actor that nobody changes."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    return tiny_bundle(tmp_path_factory.mktemp("actors") / "tiny")


@pytest.fixture(scope="session")
def application() -> QApplication:
    """The process's one application, painting into memory."""
    app = startup.application(is_headless=True)
    theme.apply(app)
    return app


@pytest.fixture
def app(application: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[QApplication]:
    """The application; what fails inside a slot fails the test."""
    failures: list[BaseException] = []

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        failures.append(error)

    monkeypatch.setattr(sys, "excepthook", note)
    yield application
    application.processEvents()
    if failures:
        raise failures[0]
