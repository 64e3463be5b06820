"""A movie that is solved for long: memory stays what it was, while solving and while the result is written."""

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.movies import MovieReader, MovieWriter
from engine.pace import Pace
from engine.solve_job import SolveJob, State, plan_job
from engine.solve_many import Watch, solve_many
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, FakeBackend, picture, tiny_bundle

_FRAMES = 8000
_WARM_FRAMES = 800
# Latents, errors and vertices of the frames between, held in memory, would be 11 MB.
_ALLOWED_BYTES = 1 << 20
_ALLOWED_PEAK_BYTES = 4 << 20  # while it is written: pieces of 256 frames, and a few numbers of each frame


def test_memory_does_not_grow_with_the_length_of_a_movie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    bundle = tiny_bundle(tmp_path / "actor", has_errors=True)
    movie = tmp_path / "long.mp4"
    with MovieWriter(movie, TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX, Fraction(60), is_gray=True) as writer:
        writer.write(picture())

    def pictures(_: MovieReader, first: int) -> Iterator[np.ndarray]:
        yield from (picture(index % 200) for index in range(first, _FRAMES))

    monkeypatch.setattr(MovieReader, "pictures", pictures)
    sizes: list[int] = []
    num_solved = 0

    def solved(num_frames: int) -> None:
        nonlocal num_solved
        num_solved += num_frames
        if num_solved >= _WARM_FRAMES:
            sizes.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.reset_peak()

    plan = plan_job(SolveJob(movie, tmp_path / "long.npz", {}, vertices=True, batch_size=32), bundle)
    watch = Watch(begun=lambda *_: None, solved=solved)
    tracemalloc.start()
    try:
        (record,) = solve_many([plan], bundle, FakeBackend(bundle), 1, watch, Pace(is_shared=True))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (record.state, record.frames) == (State.DONE, _FRAMES)
    assert num_solved == _FRAMES
    quarter = len(sizes) // 4
    assert np.median(sizes[-quarter:]) - np.median(sizes[:quarter]) < _ALLOWED_BYTES
    assert peak - np.median(sizes) < _ALLOWED_PEAK_BYTES
