"""A few validation frames while the training runs: what the network sees, the truth, and what it makes of it.

Rule: always the same frames from the same place, so that two moments of a training can be compared.
"""

import time
from collections.abc import Callable

import cv2
import numpy as np

from engine.errors import BackendError
from engine.mesh import Topology, distances_mm
from training.crops import FrameChoice
from training.evaluate import Solve

_NUM_FRAMES = 4
_APART_S = 5.0  # between two drawings at least: where a validation takes a moment, they must not cost more than it
_WIDTH_PX, _HEIGHT_PX = 240, 320
_STRIP_PX = 26
_INK, _PAPER = (40, 40, 40), 245


class LivePictures:
    """Draws them, on the thread that calls.

    Args:
        validation: The frames measured.
        topology: Of their meshes.
        say: Takes a line for people.
    """

    def __init__(self, validation: FrameChoice, topology: Topology, say: Callable[[str], None]) -> None:
        places = np.linspace(0, len(validation) - 1, min(_NUM_FRAMES + 2, len(validation))).astype(int)
        inner = places[1:-1] if len(places) > _NUM_FRAMES else places  # a shot's first and last frames are at rest
        self._frames, self._topology, self._say = validation.only(inner), topology, say
        self._can_draw, self._drawn_s = True, -_APART_S

    def draw(self, solve: Solve, *, is_last: bool) -> np.ndarray | None:
        """[H, W, 3] uint8 red-green-blue, a row a frame.

        Args:
            solve: The network as it is.
            is_last: Draw, however soon after the one before.

        Returns:
            None soon after a drawing, and where there is no OpenGL, which is said once.
        """
        now_s = time.perf_counter()
        if not self._can_draw or (now_s - self._drawn_s < _APART_S and not is_last):
            return None
        self._drawn_s = now_s
        frames = range(len(self._frames))
        crops = np.stack([self._frames.crop(frame) for frame in frames])
        truths = [self._frames.vertices(frame) for frame in frames]
        solved = solve(crops)
        if not np.isfinite(solved).all():
            return None
        try:
            drawn = _draw(self._topology, [*truths, *solved])
        except BackendError as error:
            self._can_draw = False
            self._say(f"No validation pictures: {error.reason}")
            return None
        rows = [
            self._row(frame, crops[frame], drawn[frame], drawn[len(frames) + frame], truths[frame], solved[frame])
            for frame in frames
        ]
        return np.concatenate(rows)

    def _row(
        self,
        frame: int,
        seen: np.ndarray,
        truth_drawn: np.ndarray,
        solved_drawn: np.ndarray,
        truth: np.ndarray,
        solved: np.ndarray,
    ) -> np.ndarray:
        animated = self._topology.animated
        rmse_mm = float(np.sqrt(np.mean(np.square(distances_mm(solved, truth)[animated], dtype=np.float64))))
        shot = self._frames.shots[self._frames.shot_indices[frame]].shot.facts.name
        views = [cv2.cvtColor(cv2.resize(crop, (_WIDTH_PX, _HEIGHT_PX)), cv2.COLOR_GRAY2RGB) for crop in seen]
        of_views = [f"{shot} {self._frames.frame_indices[frame]}", *[""] * (len(views) - 1)]
        captions = *of_views, "truth", f"solved, {rmse_mm:.2f} mm"
        strip = np.full((_STRIP_PX, len(captions) * _WIDTH_PX, 3), _PAPER, np.uint8)
        for column, caption in enumerate(captions):
            at = (column * _WIDTH_PX + 8, _STRIP_PX - 8)
            cv2.putText(strip, caption, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
        return np.concatenate([strip, np.concatenate([*views, truth_drawn, solved_drawn], axis=1)])


def _draw(topology: Topology, meshes: list[np.ndarray]) -> list[np.ndarray]:
    # Here and not above: a machine without a screen may lack OpenGL altogether, and trains all the same.
    try:
        from training.sheet.meshes import draw_meshes
    except (ImportError, AttributeError, OSError) as error:
        raise BackendError(
            f"OpenGL cannot be loaded ({error}).", "Install Mesa's libraries; the training goes on without pictures."
        ) from error
    return list(draw_meshes(topology, meshes, _WIDTH_PX, _HEIGHT_PX))
