"""The meshes beside the thumbnails: clay, from the front.

Rule: a data set does not say where its camera stood nor how the head was held, so every mesh is shown from one
canonical place before the face; all shots can be compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from engine.mesh import Topology
from engine.render import Look, MeshRenderer, Offscreen, Orbit, Shading

_FACE, _ANIMATED = "face", "animated"
_FARTHER = 1.15  # what moves ends at the brows; the crop has the forehead too
_OUTLIERS = 2.0  # percent of the moving vertices at each end that need not be in the picture
_FINER = 2  # drawn this much larger, then averaged: smooth edges


def draw_meshes(
    topology: Topology, meshes: Iterable[np.ndarray], width_px: int, height_px: int
) -> Iterator[np.ndarray]:
    """[height_px, width_px, 3] uint8 red-green-blue for every mesh, one after the other; on one thread.

    Args:
        topology: Of them all.
        meshes: [V, 3] cm each.
        width_px: Of a picture.
        height_px: Of a picture.

    Raises:
        BackendError: There is no OpenGL here.
    """
    framed = Orbit.framing(with_face(topology))
    orbit = replace(framed, yaw_deg=0.0, pitch_deg=0.0, distance_cm=_FARTHER * framed.distance_cm)
    view = orbit.view(width_px, height_px)
    with Offscreen(width_px * _FINER, height_px * _FINER) as target:
        renderer = MeshRenderer(topology, None)
        for vertices in meshes:
            target.make_current()
            renderer.set_vertices(np.nan_to_num(np.asarray(vertices, np.float32)))
            renderer.draw(view, Look(Shading.CLAY), target.width_px, target.height_px)
            yield np.asarray(cv2.resize(target.read(), (width_px, height_px), interpolation=cv2.INTER_AREA))
        renderer.release()


def with_face(topology: Topology) -> Topology:
    """The mesh with what moves as its face: that is what the camera is set up for, not a bust's shoulders."""
    moving = topology.sets.get(_ANIMATED, np.empty(0, np.int32))
    if not moving.size:
        return topology
    places = topology.neutral[moving]
    low, high = np.percentile(places, (_OUTLIERS, 100 - _OUTLIERS), axis=0)
    face = moving[((places >= low) & (places <= high)).all(axis=1)]
    return replace(topology, sets={**topology.sets, _FACE: face if face.size else moving})
