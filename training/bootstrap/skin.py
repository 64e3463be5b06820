"""The person's own skin, gathered from the clip: every texel of the face from the frames that saw it best.

What no frame saw (the back of the head, the mouth's inside, the eyeballs) is painted as a virtual actor's, in colours
taken from the clip.
Rule: a texel is what the camera saw, light and all; the viewport's own lamps stand beside the camera.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from engine.mesh import VertexNormals
from training.actor.anatomy import load_anatomy
from training.actor.atlas import island_mask
from training.actor.canvas import Canvas, filled, make_canvas, smoothstep
from training.actor.complexion import Complexion
from training.actor.occlusion import bake_occlusion
from training.actor.rig import Rig
from training.actor.skin import paint_skin
from training.bootstrap.clip_fit import ClipFit
from training.bootstrap.landmark_places import landmark_places
from training.bootstrap.pinhole import HeadPose, Pinhole

SIZE_PX = 2048
_GATHERED_PX = 1024  # no webcam sees a face with more; the rest of the atlas is painted finer
_LEAST_FACING = 0.25  # cosine to the line of sight; flatter skin shows the background's edge
_SEEN_ENOUGH = 0.6  # the best view's facing, from which a texel is the camera's alone
_SOFT_EDGE = 1 / 90  # of the atlas
_DEPTH_SLACK_CM = 0.8  # half a triangle
_PUPILS = (468, 473)  # the right eye's and the left's; the four that follow each lie on the iris's edge
_IN_IRIS = 0.65  # of the way out to it
_CHEEK_CM = 0.6  # about the cheeks' vertices


@dataclass(frozen=True, slots=True, eq=False)
class SkinView:
    """One frame.

    Args:
        picture: [H, W, 3] uint8 blue-green-red.
        vertices: [V, 3] cm, head-stabilised.
        pose: Of the head.
    """

    picture: np.ndarray
    vertices: np.ndarray
    pose: HeadPose


def skin_moments(fit: ClipFit, sharpness: np.ndarray, count: int) -> list[int]:
    """Frames to gather from: `count` directions of the head, and in each the face nearest rest among the sharper half.

    Args:
        fit: Of the clip.
        sharpness: [N] of the track.
        count: At most.
    """
    used = np.flatnonzero(fit.doubted.is_used)
    effort, turn = fit.weights.sum(axis=1), fit.turns[:, 0, 2]
    chosen = []
    for group in np.array_split(used[np.argsort(turn[used])], count):
        if len(group):
            sharp = group[sharpness[group] >= np.median(sharpness[group])]
            chosen.append(int(sharp[effort[sharp].argmin()]))
    return sorted(chosen)


def gather_skin(
    rig: Rig, camera: Pinhole, views: Iterable[SkinView], advance: Callable[[int], None], size_px: int = SIZE_PX
) -> np.ndarray:
    """[size_px, size_px, 3] uint8 red-green-blue texture of the rig's atlas, top row first.

    Args:
        rig: Of the person's head.
        camera: That filmed.
        views: Some dozens of frames, sharp, in different poses.
        advance: Told of each view.
        size_px: Of the atlas.
    """
    coarse_px = min(size_px, _GATHERED_PX)
    canvas = make_canvas(rig.topology, load_anatomy(), coarse_px)
    outside = canvas.part(np.flatnonzero(_is_outside(canvas, rig)))
    total, weight, best = np.zeros((len(outside.texels), 3)), np.zeros(len(outside.texels)), 0.0
    irises: list[np.ndarray] = []
    normals_of = VertexNormals(rig.topology.faces, rig.topology.num_vertices)
    for view in views:
        colour, facing = _seen(outside, normals_of, camera, view)
        share = np.maximum(facing - _LEAST_FACING, 0) ** 2
        total += share[:, None] * colour
        weight += share
        best = np.maximum(best, facing)
        irises.append(_iris(camera, view))
        advance(1)
    gathered = total / np.maximum(weight, 1e-9)[:, None]
    seen = smoothstep(_LEAST_FACING, _SEEN_ENOUGH, np.broadcast_to(best, weight.shape))
    iris = np.median(np.concatenate(irises), axis=0) if irises else np.array(Complexion().iris)
    painted = _painted(rig, outside, gathered, weight, iris, size_px)
    seen = smoothstep(_LEAST_FACING, _SEEN_ENOUGH, np.broadcast_to(best, weight.shape))
    seen = np.minimum(seen, smoothstep(0.3, 0.9, outside.smooth(seen, _SOFT_EDGE * coarse_px)))
    # Enlarged with their surroundings filled, so that no edge of the atlas bleeds in.
    is_drawn = canvas.triangle_at >= 0
    share, colour = (
        cv2.resize(filled(outside.image(values.astype(np.float32)), is_drawn), (size_px, size_px), interpolation=cubic)
        for values, cubic in ((seen, cv2.INTER_LINEAR), (gathered, cv2.INTER_CUBIC))
    )
    below = painted.astype(np.float32)
    blended = below + share[..., None] * (255 * colour - below)
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8)


def _is_outside(canvas: Canvas, rig: Rig) -> np.ndarray:
    """[N] bool, texels of the head's own skin, lips and scalp."""
    is_head = island_mask(rig.topology.uv, "head")[rig.topology.uv_faces].all(axis=1)
    is_skin = np.zeros(rig.topology.num_vertices, bool)
    is_skin[load_anatomy().parts["skin"]] = True
    return np.asarray((is_head & is_skin[rig.topology.faces].all(axis=1))[canvas.triangle])


def _seen(canvas: Canvas, normals_of: VertexNormals, camera: Pinhole, view: SkinView) -> tuple[np.ndarray, np.ndarray]:
    """[N, 3] red-green-blue 0..1 under each texel, and [N] how squarely it faces the camera; 0 where it is hidden."""
    vertices = view.pose.place(view.vertices.astype(np.float64))
    normals = normals_of(vertices.astype(np.float32)).astype(np.float64)
    corners = canvas.faces[canvas.triangle]
    shares = canvas.barycentric.astype(np.float64)
    places = np.einsum("ncx,nc->nx", vertices[corners], shares)
    normal = np.einsum("ncx,nc->nx", normals[corners], shares)
    to_camera = -places / np.linalg.norm(places, axis=1, keepdims=True)
    facing = (normal * to_camera).sum(axis=1) / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    pixels = camera.project(places)
    inside = (pixels >= 1).all(axis=1) & (pixels < [camera.width_px - 1, camera.height_px - 1]).all(axis=1)
    facing[~(inside & _is_foremost(vertices, canvas.faces, camera, pixels, places))] = 0
    colour = np.zeros((len(places), 3))
    rows = np.flatnonzero(facing > _LEAST_FACING)
    at = pixels[rows, ::-1].T - 0.5
    for channel in range(3):
        plane = view.picture[..., 2 - channel].astype(np.float32)
        colour[rows, channel] = ndimage.map_coordinates(plane, at, order=1, mode="nearest") / 255
    return colour, facing


def _is_foremost(
    vertices: np.ndarray, faces: np.ndarray, camera: Pinhole, pixels: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """[N] bool, nothing of the head lies before this place: a depth picture of coarse pixels decides."""
    at = camera.project(vertices)
    depth = np.full((camera.height_px, camera.width_px), np.inf, np.float32)
    away = -vertices[faces, 2].mean(axis=1)
    for face in np.argsort(-away):  # far to near
        cv2.fillConvexPoly(depth, np.round(at[faces[face]]).astype(np.int32), float(away[face]))
    column = np.clip(pixels[:, 0], 0, camera.width_px - 1).astype(int)
    row = np.clip(pixels[:, 1], 0, camera.height_px - 1).astype(int)
    return np.asarray(-places[:, 2] < depth[row, column] + _DEPTH_SLACK_CM)


def _iris(camera: Pinhole, view: SkinView) -> np.ndarray:
    """[8, 3] red-green-blue 0..1 around both pupils, between them and the iris's edge."""
    on_mesh = landmark_places()
    points = camera.project(view.pose.place(on_mesh.on(view.vertices.astype(np.float64))))
    places = []
    for pupil in _PUPILS:
        centre = points[on_mesh.row(pupil)]
        places += [centre + _IN_IRIS * (points[on_mesh.row(pupil + edge)] - centre) for edge in (1, 2, 3, 4)]
    at = np.array(places)[:, ::-1].T - 0.5
    planes = [view.picture[..., 2 - channel].astype(np.float32) for channel in range(3)]
    return np.stack([ndimage.map_coordinates(plane, at, order=1, mode="nearest") / 255 for plane in planes], axis=1)


def _painted(
    rig: Rig, canvas: Canvas, gathered: np.ndarray, weight: np.ndarray, iris: np.ndarray, size_px: int
) -> np.ndarray:
    """A virtual actor's skin on this head, in the person's colours."""
    neutral = rig.topology.neutral
    face, cheeks = rig.topology.sets["face"], rig.topology.sets["cheeks"]
    is_seen = weight > np.median(weight[weight > 0]) * 0.2
    on_cheek = is_seen & _is_near(canvas.place, neutral[cheeks], _CHEEK_CM)
    skin = np.median(gathered[on_cheek], axis=0) if on_cheek.any() else np.array(Complexion().skin)
    above = is_seen & (canvas.place[:, 1] > neutral[face, 1].max() + 0.5)
    hair = np.median(gathered[above], axis=0) if above.any() else np.array(Complexion().hair)
    looks = replace(
        Complexion(), skin=_rgb(skin), hair=_rgb(np.minimum(hair, skin)), iris=_rgb(iris), beard=0.0, freckles=0.0,
        age=0.2,
    )  # fmt: skip
    painted = replace(rig, identity=replace(rig.identity, complexion=looks))
    return paint_skin(painted, bake_occlusion(painted, neutral), size_px)


def _is_near(places: np.ndarray, points: np.ndarray, far_cm: float) -> np.ndarray:
    return np.asarray(cKDTree(points).query(places, distance_upper_bound=far_cm)[0] <= far_cm)


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (round(float(np.clip(value, 0, 1)), 3) for value in values)
    return red, green, blue
