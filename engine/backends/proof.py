"""Does a backend solve a face as ONNX Runtime does in float32? Asked before it is believed.

Rule: what was not compared on this machine is not trusted on it: drivers, processors and runtimes differ.
"""

from collections.abc import Callable

import cv2
import numpy as np

from engine.backends.backend import Solution
from engine.backends.ort import OrtBackend
from engine.bundle import ActorBundle
from engine.drawn_face import drawn_face
from engine.errors import BackendError
from engine.mesh import distances_mm

# The worst vertex of the face, by what the inner layers compute in; rounding alone costs a fifth of it at most. Of int8
# it is twice what an export may cost, for the face is not one that its ranges were made for.
ALLOWED_MM = {"float32": 0.01, "float16": 0.1, "bfloat16": 1.0, "int8": 1.0}


def check_solution(
    solve: Callable[[np.ndarray], Solution],
    title: str,
    precision: str,
    bundle: ActorBundle,
    num_threads: int,
    batch_size: int = 1,
) -> None:
    """Refuse what solves a drawn face wrongly.

    Args:
        solve: Crops [batch_size, views, H, W] uint8 to meshes.
        title: Of what solves, for people.
        precision: Of its inner layers.
        bundle: The actor.
        num_threads: Of ONNX Runtime.
        batch_size: All of them the same face.

    Raises:
        BackendError: Its worst vertex is further away than `ALLOWED_MM`, or no number at all.
    """
    size = bundle.input_width_px, bundle.input_height_px
    face = cv2.resize(drawn_face(), size, interpolation=cv2.INTER_AREA)
    crops = np.broadcast_to(face, (1, *bundle.input_shape)).copy()
    reference = OrtBackend(bundle, "float32", num_threads)
    expected = reference.run(crops)
    reference.close()
    solved = solve(np.repeat(crops, batch_size, axis=0))
    wrong_mm = float(distances_mm(solved.vertices, expected.vertices).max())
    if not wrong_mm < ALLOWED_MM[precision]:  # nor may it be no number at all
        batch = f"batch {batch_size}; " if batch_size > 1 else ""
        raise BackendError(
            f"{title} solves a face {wrong_mm:.3g} mm away from ONNX Runtime"
            f" ({batch}{ALLOWED_MM[precision]:g} are allowed).",
            "Try another --backend; `livedouble doctor` lists them.",
        )
