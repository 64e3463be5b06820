"""Three buffers that a camera's pictures go round in: one is copied up while the picture before it is solved.

Rule: a buffer is written to only when all that was asked of it is done; two streams meet by events, never by luck.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np

from engine.frames import CropRect
from engine.gpu.driver import DeviceMemory, Event, PinnedArray, Stream
from engine.gpu.parameters import NetworkInput, Picture, PixelLayout
from engine.gpu.preparation import GpuPreparation
from engine.stabilise import Placement

_NUM_BUFFERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What is done with every picture once it is up there: the network, from and to places that never change."""

    stream: Stream  # in which it runs
    compute: Callable[[], None]  # puts the network into the stream
    network: NetworkInput  # what it takes
    input_there: DeviceMemory  # where it takes it
    output_there: DeviceMemory  # where its results lie, all of which come down


class PictureRing:
    """Pictures of one size and kind on their way through the GPU, in order. One thread, on which the GPU is current.

    What follows a picture's copy (kernel, network, results) is recorded once for each buffer: a crop that moves is read
    from the GPU's memory and costs no new recording.

    Args:
        work: What is done with a picture.
        picture: What the camera gives; its rows without gaps.
        crop: Where the network looks at first.

    Raises:
        BackendError: A CUDA library is missing, or the GPU is out of memory.
        CameraError: The crop leaves the picture.
    """

    capacity = _NUM_BUFFERS

    def __init__(self, work: Work, picture: Picture, crop: CropRect) -> None:
        self.picture = picture
        gpu = work.stream.gpu
        with ExitStack() as held:
            self._copies = held.enter_context(closing(Stream(gpu)))
            self._buffers = [
                held.enter_context(closing(_Buffer(work, self._copies, picture, crop))) for _ in range(_NUM_BUFFERS)
            ]
            self._held = held.pop_all()
        self._num_submitted = self._num_collected = 0

    @property
    def num_waiting(self) -> int:
        """Pictures under way."""
        return self._num_submitted - self._num_collected

    def submit(self, image: np.ndarray, crop: CropRect, placed: Placement | None = None) -> None:
        """Begin with a picture; `image` is the caller's again when this returns.

        Args:
            image: [H, W] or [H, W, 3] uint8, as `picture` says.
            crop: Inside it.
            placed: Where in it a head that is held still lies; None is the plain crop.

        Raises:
            CameraError: The crop leaves the picture.
            BackendError: The driver failed.
            ValueError: As many pictures as there are buffers are under way.
        """
        if self.num_waiting == _NUM_BUFFERS:
            raise ValueError(f"{_NUM_BUFFERS} pictures are under way; collect one first")
        self._buffers[self._num_submitted % _NUM_BUFFERS].submit(image, crop, placed)
        self._num_submitted += 1

    def collect(self) -> np.ndarray:
        """Wait for the oldest picture's results.

        Returns:
            [num_bytes] uint8, unchanged until the next picture is submitted.

        Raises:
            BackendError: The driver failed.
            ValueError: No picture is under way.
        """
        if not self.num_waiting:
            raise ValueError("no picture is under way")
        results = self._buffers[self._num_collected % _NUM_BUFFERS].collect()
        self._num_collected += 1
        return results

    def close(self) -> None:
        """Wait for what is under way and release all memory."""
        self._held.close()


class _Buffer:
    """One picture's places here and there, and what is recorded for them."""

    def __init__(self, work: Work, copies: Stream, picture: Picture, crop: CropRect) -> None:
        self._work, self._copies, self._pitch_bytes = work, copies, picture.pitch_bytes
        gpu = work.stream.gpu
        shape = (picture.height_px, picture.width_px, 3)[: 3 if picture.layout is PixelLayout.BGR else 2]
        with ExitStack() as held:
            self._here = held.enter_context(closing(PinnedArray(gpu, shape)))
            self._there = held.enter_context(closing(DeviceMemory(gpu, self._here.array.nbytes)))
            self._results = held.enter_context(closing(PinnedArray(gpu, (work.output_there.num_bytes,))))
            self._preparation = held.enter_context(closing(GpuPreparation(gpu, picture, work.network, crop)))
            self._is_up = held.enter_context(closing(Event(gpu)))
            self._is_done = held.enter_context(closing(Event(gpu)))
            self._there.clear()
            self._solve()  # what is done once, at the first run, is not to be recorded
            work.stream.wait()
            self._recorded = work.stream.record(self._solve)
            held.callback(work.stream.forget, self._recorded)
            held.callback(work.stream.wait)
            held.callback(copies.wait)
            self._held = held.pop_all()

    def submit(self, image: np.ndarray, crop: CropRect, placed: Placement | None) -> None:
        self._preparation.look(crop, placed, self._copies)
        needed = self._preparation.needed
        rows, columns = slice(needed.y, needed.y + needed.height), slice(needed.x, needed.x + needed.width)
        self._here.array[rows, columns] = image[rows, columns]
        self._preparation.upload(self._copies, self._here.address, self._pitch_bytes, self._there.address)
        self._copies.mark(self._is_up)
        self._work.stream.follow(self._is_up)
        self._work.stream.replay(self._recorded)
        self._work.stream.mark(self._is_done)

    def collect(self) -> np.ndarray:
        self._is_done.wait()
        return self._results.array

    def close(self) -> None:
        self._held.close()

    def _solve(self) -> None:
        self._preparation.enqueue(self._work.stream, self._there.address, self._work.input_there.address)
        self._work.compute()
        self._work.stream.download(self._results, self._work.output_there)
