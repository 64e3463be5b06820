"""A movie and a folder for every test of ingest; what reads a studio's files must be there."""

from pathlib import Path

import pytest

from tests.ingest.head import write_movie


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames from 01:00:00:00."""
    return write_movie(tmp_path_factory.mktemp("movies") / "front.mp4")
