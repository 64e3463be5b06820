"""An actor and a movie on disk, made once for all tests of the command line."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.movies import MovieWriter
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, tiny_bundle

NUM_FRAMES = 12


@pytest.fixture(scope="session")
def actor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny actor; copy it before changing it."""
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    folder = tmp_path_factory.mktemp("actors") / "tiny"
    tiny_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of a ramp that brightens."""
    path = tmp_path_factory.mktemp("movies") / "ramp.mp4"
    ramp = np.tile(np.linspace(0, 120, TINY_FRAME_WIDTH_PX), (TINY_FRAME_HEIGHT_PX, 1))
    with MovieWriter(path, TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX, Fraction(25), is_gray=True) as writer:
        for index in range(NUM_FRAMES):
            writer.write((ramp + 10 * index).astype(np.uint8))
    return path
