"""A camera's pictures through one engine: prepared on the GPU by our kernel, one copied while the other is solved.

Rule: before a picture is taken, a face is solved this way and by the processor's crop, and both must be one face.
"""

from contextlib import ExitStack, closing

import numpy as np

from engine.backends.backend import Solution
from engine.backends.proof import ALLOWED_MM
from engine.backends.trt_engine import TRY_ANOTHER, Engine
from engine.crop import crop_for_network, to_gray
from engine.drawn_face import draw_face
from engine.errors import BackendError
from engine.frames import CropRect
from engine.gpu.driver import DeviceMemory, Stream
from engine.gpu.parameters import NetworkInput, Picture, PixelLayout
from engine.gpu.ring import PictureRing, Work
from engine.head_finder import pose_of
from engine.mesh import distances_mm
from engine.stabilise import Placement, cut, placement
from engine.views import stacked

_TILTED = np.array([0.47, 0.52, 0.05])  # a head that is not quite where it is held still, see `pose_of`
_MOST_UNDER_WAY = 2  # one is solved, one is copied; a third would only wait


class TrtPictures:
    """See `Pictures`. The first camera's view alone; an actor's other views are absent, which is a black crop.

    Args:
        engine: For single crops.
        stream: Of the engine.
        image: [H, W] or [H, W, 3] uint8, of the size and kind to come.
        crop: Where the network looks at first.
        title: Of engine and GPU, for people.
        precision: Of its inner layers; in 8 bits a gray level more or less may fall on the next step.

    Raises:
        BackendError: A CUDA library is missing, the GPU is out of memory, or it prepares a face wrongly.
        CameraError: The crop leaves the picture.
    """

    capacity = _MOST_UNDER_WAY

    def __init__(
        self, engine: Engine, stream: Stream, image: np.ndarray, crop: CropRect, title: str, precision: str
    ) -> None:
        self._gpu = stream.gpu
        network = engine.network
        _, num_views, height_px, width_px = network.input_shape
        with ExitStack() as held:
            input_there = held.enter_context(closing(DeviceMemory(self._gpu, num_views * height_px * width_px)))
            output_there = held.enter_context(closing(DeviceMemory(self._gpu, network.outputs.num_bytes)))
            input_there.clear()
            work = Work(
                stream,
                network.ready(input_there, output_there, stream),
                NetworkInput(width_px, height_px),
                input_there,
                output_there,
            )
            self._ring = held.enter_context(closing(PictureRing(work, _picture_of(image), crop)))
            self._outputs = network.outputs
            self._check(engine, image, crop, title, ALLOWED_MM[precision])
            self._held = held.pop_all()

    @property
    def num_waiting(self) -> int:
        """Pictures under way."""
        return self._ring.num_waiting

    def fits(self, image: np.ndarray) -> bool:
        """Whether the image is of the size and kind it takes."""
        return _picture_of(image) == self._ring.picture

    def submit(self, image: np.ndarray, crop: CropRect, placed: Placement | None = None) -> None:
        """See `Pictures.submit`."""
        self._gpu.make_current()
        self._ring.submit(image, crop, placed)

    def collect(self) -> Solution:
        """See `Pictures.collect`."""
        self._gpu.make_current()
        return Solution(*(result.copy() for result in self._outputs.views(self._ring.collect())))

    def close(self) -> None:
        """Wait for what is under way and release all memory."""
        self._held.close()

    def _check(self, engine: Engine, image: np.ndarray, crop: CropRect, title: str, allowed_mm: float) -> None:
        """Raise if it sees a face otherwise than the processor, but for rounding: as it lies, and held still."""
        picture = draw_face(image, crop)
        _, num_views, height_px, width_px = engine.network.input_shape
        size_px = width_px, height_px
        pose = pose_of(_TILTED, crop)
        for seen, placed in (
            (crop_for_network(picture, crop, *size_px), None),
            (cut(to_gray(picture), crop, pose, size_px, (0, 0)), placement(crop, pose, size_px)),
        ):
            self.submit(picture, crop, placed)
            solved = self.collect()
            expected = engine.run(stacked([seen, *[None] * (num_views - 1)], *size_px)[None])
            wrong_mm = float(distances_mm(solved.vertices, expected.vertices).max())
            if not wrong_mm < allowed_mm:  # nor may it be no number at all
                raise BackendError(
                    f"{title} prepares a picture otherwise than the processor: a face solved from it is"
                    f" {wrong_mm:.3g} mm away ({allowed_mm:g} are allowed).",
                    TRY_ANOTHER,
                )


def _picture_of(image: np.ndarray) -> Picture:
    height_px, width_px = image.shape[:2]
    layout = PixelLayout.MONO if image.ndim == 2 else PixelLayout.BGR
    return Picture(width_px, height_px, layout, width_px * layout.bytes_per_pixel)
