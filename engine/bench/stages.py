"""Every stage around the network by itself: decode, upload, crop, download, rebuild.

Rule: what a machine does not have (a GPU) is named with the reason, not given a figure.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import cv2
import numpy as np

from engine.bench.pictures import Pictures
from engine.bench.report import StageResult
from engine.bench.rounds import Work, in_turn
from engine.bundle import ActorBundle
from engine.clock import Clock
from engine.errors import BackendError
from engine.gpu.driver import DeviceMemory, Gpu, PinnedArray, Stream
from engine.movies import MovieReader
from engine.preparation import Preparation, open_preparation

_MOVIE_FRAMES_PER_S = 40  # of measuring
_FEWEST_FRAMES, _MOST_FRAMES = 4, 120
_FLOAT_BYTES = 4
_ORDER = ("decode", "upload", "crop", "download", "rebuild")
_PREPARED = {
    Preparation.CROP: "a fixed part",
    Preparation.STABILISED: "held still by 68 points",
    Preparation.SELF_STABILISED: "held still by the actor's own network",
}

Stage = tuple[str, str, Work]  # its name, what it is done to, and the doing


def measure_stages(
    bundle: ActorBundle, pictures: Sequence[Pictures], num_threads: int, seconds: float, clock: Clock
) -> tuple[list[StageResult], list[str]]:
    """All stages in turn; and which are absent, and why.

    Raises:
        StorageError: There is no room for two short movies among the temporary files.
    """
    absent: list[str] = []
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="livedouble-")))
        stages = [stage for one in pictures for stage in _decoding(held, folder, one, num_threads, seconds)]
        stages += [_cropping(bundle, one, seconds) for one in pictures]
        stages.append(_rebuilding(bundle, seconds))
        try:
            stages += _copying(held, bundle, pictures, seconds)
        except BackendError as error:
            absent.append(f"upload and download: {error.reason.rstrip('.')}")
        timings = in_turn([work for _, _, work in stages], clock)
    results = [
        StageResult(name, what, timing.runs.p50, timing.runs.p95, timing.runs.p99, timing.num_runs)
        for (name, what, _), timing in zip(stages, timings, strict=True)
    ]
    return sorted(results, key=lambda one: _ORDER.index(one.stage)), absent


def _decoding(held: ExitStack, folder: Path, pictures: Pictures, num_threads: int, seconds: float) -> Iterator[Stage]:
    path = folder / f"{pictures.name.replace(' ', '-')}.mp4"
    num_frames = min(max(round(seconds * _MOVIE_FRAMES_PER_S), _FEWEST_FRAMES), _MOST_FRAMES)
    pictures.write_movie(path, num_frames)
    reader = held.enter_context(MovieReader(path, num_threads))
    endless = _over_and_over(reader)
    yield "decode", f"H.264 {pictures.name}", Work(lambda _: next(endless), 1, seconds)
    photographs = pictures.as_jpeg()
    flag = cv2.IMREAD_GRAYSCALE if pictures.is_mono else cv2.IMREAD_COLOR

    def decode(number: int) -> object:
        return cv2.imdecode(photographs[number % len(photographs)], flag)

    yield "decode", f"Motion JPEG {pictures.name}", Work(decode, 1, seconds)


def _over_and_over(reader: MovieReader) -> Iterator[np.ndarray]:
    while True:
        yield from reader
        reader.rewind()


def _cropping(bundle: ActorBundle, pictures: Pictures, seconds: float) -> Stage:
    preparation = open_preparation(bundle.preparation, bundle.stabiliser())
    size_px = bundle.input_width_px, bundle.input_height_px

    def crop(number: int) -> np.ndarray:
        frame = pictures.frames[number % len(pictures.frames)]
        return preparation.prepare(frame.image, pictures.crop, *size_px)

    return "crop", f"{pictures.name}, {_PREPARED[bundle.preparation]}", Work(crop, 1, seconds)


def _rebuilding(bundle: ActorBundle, seconds: float) -> Stage:
    latents = np.ones((1, bundle.num_latents), np.float32)
    what = f"{bundle.num_latents} latents to {bundle.topology.num_vertices:,} vertices"
    return "rebuild", what, Work(lambda _: bundle.vertices(latents), 1, seconds)


def _copying(held: ExitStack, bundle: ActorBundle, pictures: Sequence[Pictures], seconds: float) -> list[Stage]:
    """To the GPU and back, from and to page-locked memory, each waited for."""
    gpu = held.enter_context(closing(Gpu()))
    stream = held.enter_context(closing(Stream(gpu)))

    def stage(name: str, what: str, num_bytes: int) -> Stage:
        here = held.enter_context(closing(PinnedArray(gpu, (num_bytes,))))
        there = held.enter_context(closing(DeviceMemory(gpu, num_bytes)))

        def copy(_: int) -> None:
            if name == "upload":
                stream.upload(there, here)
            else:
                stream.download(here, there)
            stream.wait()

        return name, f"{what}, {num_bytes:,} bytes", Work(copy, 1, seconds)

    num_latents, num_vertices = bundle.num_latents, bundle.topology.num_vertices
    return [
        *(stage("upload", one.name, one.frames[0].image.nbytes) for one in pictures),
        stage("upload", "network's input", int(np.prod(bundle.input_shape))),
        stage("download", "latents", _FLOAT_BYTES * num_latents),
        stage("download", "vertices", 3 * _FLOAT_BYTES * num_vertices),
    ]
