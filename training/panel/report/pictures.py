"""The worst frames as pictures: what the network saw, the truth, what it made of it, and the difference in colour.

Rule: all pictures of a report are seen from one place and share one scale of millimetres.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.mesh import Topology, distances_mm
from engine.render import Look, MeshRenderer, Offscreen, Orbit, Shading
from training.panel.worst import WorstFrame
from training.sheet.meshes import with_face

WIDTH_PX, HEIGHT_PX = 300, 400
_FINER = 2  # drawn this much larger, then averaged: smooth edges
_NEARER = 1.02
_RANGES_MM = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
_IN_RANGE = 99.0  # percent of the shown distances that the scale must hold


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one network made of a frame.

    Args:
        name: The network's.
        rmse_mm: Of this frame, over the animated vertices.
        mesh: [H, W, 3] uint8 red-green-blue.
        difference: Likewise, distances in false colour.
        views: What it saw, [H, W] uint8 each; none where that is what the first network saw.
    """

    name: str
    rmse_mm: float
    mesh: np.ndarray
    difference: np.ndarray
    views: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    """A frame to look at.

    Args:
        frame: Which.
        seconds: Into its shot.
        views: What the network in question saw, [H, W] uint8 each.
        truth: [H, W, 3] uint8 red-green-blue.
        results: Of the network in question, then of those it is set against.
    """

    frame: WorstFrame
    seconds: float
    views: tuple[np.ndarray, ...]
    truth: np.ndarray
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one network makes of a frame, before it is drawn.

    Args:
        name: The network's.
        views: What it sees, [H, W] uint8 each.
        vertices: [V, 3] cm.
    """

    name: str
    views: tuple[np.ndarray, ...]
    vertices: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ToPicture:
    """A frame before it is drawn.

    Args:
        frame: Which.
        seconds: Into its shot.
        truth: [V, 3] cm.
        answers: Of the network in question, then of those it is set against.
    """

    frame: WorstFrame
    seconds: float
    truth: np.ndarray
    answers: tuple[Answer, ...]


def picture_frames(
    topology: Topology, frames: Sequence[ToPicture], advance: Callable[[int], None]
) -> tuple[tuple[Pictured, ...], float]:
    """Draw frames; also the distance that the scale's last colour stands for, mm.

    Args:
        topology: Of all meshes.
        frames: To draw.
        advance: Told of each frame drawn.

    Raises:
        BackendError: There is no OpenGL here.
    """
    animated = topology.animated
    errors_mm = [[distances_mm(one.vertices, frame.truth) for one in frame.answers] for frame in frames]
    range_mm = _range_of(np.array(errors_mm)[..., animated] if frames else np.zeros(1))
    pictured = []
    with _Easel(topology, range_mm) as easel:
        for frame, of_frame in zip(frames, errors_mm, strict=True):
            seen = frame.answers[0].views
            results = tuple(
                Result(
                    name=one.name,
                    rmse_mm=float(np.sqrt(np.mean(np.square(error_mm[animated], dtype=np.float64)))),
                    mesh=easel.draw(one.vertices, None),
                    difference=easel.draw(one.vertices, error_mm),
                    views=() if _are_alike(one.views, seen) else one.views,
                )
                for one, error_mm in zip(frame.answers, of_frame, strict=True)
            )
            truth = easel.draw(frame.truth, None)
            pictured.append(Pictured(frame.frame, frame.seconds, seen, truth, results))
            advance(1)
    return tuple(pictured), range_mm


def _are_alike(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
    return len(some) == len(others) and all(map(np.array_equal, some, others))


def _range_of(errors_mm: np.ndarray) -> float:
    most_mm = float(np.percentile(errors_mm, _IN_RANGE))
    return next((range_mm for range_mm in _RANGES_MM if range_mm >= most_mm), _RANGES_MM[-1])


class _Easel:
    """Draws meshes from one place; used on the thread that made it."""

    def __init__(self, topology: Topology, range_mm: float) -> None:
        framed = Orbit.framing(with_face(topology))
        orbit = replace(framed, yaw_deg=0.0, pitch_deg=0.0, distance_cm=framed.distance_cm / _NEARER)
        self._view = orbit.view(WIDTH_PX, HEIGHT_PX)
        self._range_mm = range_mm
        self._target = Offscreen(WIDTH_PX * _FINER, HEIGHT_PX * _FINER)
        self._renderer = MeshRenderer(topology, None)

    def draw(self, vertices: np.ndarray, errors_mm: np.ndarray | None) -> np.ndarray:
        """[H, W, 3] uint8 red-green-blue; clay, or distances in false colour."""
        self._target.make_current()
        self._renderer.set_vertices(np.nan_to_num(np.asarray(vertices, np.float32)))
        self._renderer.set_errors(None if errors_mm is None else np.asarray(errors_mm, np.float32))
        shading = Shading.CLAY if errors_mm is None else Shading.ERROR
        look = Look(shading, error_range_mm=self._range_mm)
        self._renderer.draw(self._view, look, self._target.width_px, self._target.height_px)
        return np.asarray(cv2.resize(self._target.read(), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA))

    def __enter__(self) -> "_Easel":
        return self

    def __exit__(self, *_: object) -> None:
        self._target.make_current()
        self._renderer.release()
        self._target.release()
