"""The double over the person: a movie to look at, the picture, the host's mesh and the network's side by side.

Rule: the mesh stands where the host saw the head; what is judged is what moves in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.mesh import Topology
from engine.movies import MovieWriter
from engine.render import MeshRenderer, Offscreen, View
from engine.render.look import Look, Shading
from engine.render.view import perspective
from training.bootstrap.pinhole import HeadPose, Pinhole

_LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 480, 720
_CLAY = 135, 128, 124  # red, green, blue
_CLAY_SETS = ("face", "lips", "lids")
_SEAM_PX = 2  # of the texture, so that no clay shines through
_KEY = (0.0, 1.0, 0.0)  # no clay is so green
_KEY_SLACK = 40
_DRAWN_SETS = ("face", "eyes", "lips", "lids", "teeth", "tongue")
_LABEL_PX = 22
_CRF = 20


@dataclass(frozen=True, slots=True, eq=False)
class OverlayFrame:
    """What the movie shows of one moment.

    Args:
        picture: [H, W] or [H, W, 3] uint8 blue-green-red, the camera's.
        pose: Of the head; None where nobody knows it.
        meshes: [V, 3] cm, one for each column; None for a column that shows the picture alone.
        words: On the frame.
        left_out: Why it was not learned from; empty where it was.
    """

    picture: np.ndarray
    pose: HeadPose | None
    meshes: tuple[np.ndarray | None, ...]
    words: str
    left_out: str = ""


class Overlay:
    """Draws meshes into a camera's pictures; used on the thread that made it.

    The face is clay, so that its form is seen; eyes and mouth are the person's, so that their look is.

    Args:
        topology: The person's mesh.
        camera: That filmed.
        skin: [H, W, 3] uint8 red-green-blue; none leaves these clay too.
    """

    def __init__(self, topology: Topology, camera: Pinhole, skin: np.ndarray | None = None) -> None:
        zoom = min(max(1.0, _LEAST_HEIGHT_PX / camera.height_px), _MOST_HEIGHT_PX / camera.height_px)
        self.width_px, self.height_px = (round(side * zoom / 2) * 2 for side in (camera.width_px, camera.height_px))
        field_deg = float(np.degrees(2 * np.arctan(camera.height_px / 2 / camera.focal_px)))
        self._projection = perspective(field_deg, camera.width_px / camera.height_px)
        self._look = Look(Shading.SKIN, backdrop=(_KEY, _KEY), has_soft_base=False)
        self._target = Offscreen(self.width_px, self.height_px)
        face = _face_alone(topology)
        self._renderer = MeshRenderer(face, None if skin is None else _clay_but_within(face, skin))

    def enlarged(self, picture: np.ndarray) -> np.ndarray:
        """[H, W, 3] uint8 blue-green-red at the movie's size."""
        colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
        return np.asarray(cv2.resize(colour, (self.width_px, self.height_px), interpolation=cv2.INTER_CUBIC))

    def draw(self, enlarged: np.ndarray, vertices: np.ndarray, pose: HeadPose) -> np.ndarray:
        """The enlarged picture with the mesh over it.

        Args:
            enlarged: See `enlarged`.
            vertices: [V, 3] cm, head-stabilised.
            pose: Of the head.
        """
        self._target.make_current()
        # The head stays where the lamps' shadows are drawn; the camera goes around it.
        to_camera = np.eye(4, dtype=np.float32)
        to_camera[:3, :3], to_camera[:3, 3] = pose.turn, pose.shift_cm
        self._renderer.set_vertices(vertices.astype(np.float32))
        self._renderer.draw(View(to_camera, self._projection), self._look, self.width_px, self.height_px)
        drawn = self._target.read_rgba()[..., 2::-1]
        is_bare = np.abs(drawn.astype(np.int16) - [0, 255, 0]).max(axis=2) < _KEY_SLACK  # backdrops are dithered
        return np.where(is_bare[..., None], enlarged, drawn)

    def release(self) -> None:
        """Free the renderer and its context."""
        self._target.make_current()
        self._renderer.release()
        self._target.release()

    def __enter__(self) -> "Overlay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def write_overlay(
    path: Path,
    overlay: Overlay,
    rate: Fraction,
    columns: Sequence[str],
    frames: Iterator[OverlayFrame],
    advance: Callable[[int], None],
) -> None:
    """Write the movie.

    Args:
        path: `.mp4`.
        overlay: Of the person.
        rate: Frames per second.
        columns: What each mesh is; the first column is the picture itself.
        frames: In order, each with a mesh for each column.
        advance: Told of each frame.

    Raises:
        StorageError: The disk is full.
    """
    width = overlay.width_px * (1 + len(columns))
    with MovieWriter(path, width, overlay.height_px, rate, crf=_CRF) as movie:
        for frame in frames:
            plain = overlay.enlarged(frame.picture)
            row = [_labelled(plain, frame.words)]
            for name, mesh in zip(columns, frame.meshes, strict=True):
                if mesh is None or frame.pose is None:
                    row.append(_labelled(plain, f"left out: {frame.left_out}"))
                else:
                    row.append(_labelled(overlay.draw(plain, mesh, frame.pose), name))
            movie.write(np.concatenate(row, axis=1))
            advance(1)


def _labelled(picture: np.ndarray, words: str) -> np.ndarray:
    result = picture.copy()
    result[:_LABEL_PX] //= 3
    cv2.putText(result, words, (6, _LABEL_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return result


def _face_alone(topology: Topology) -> Topology:
    """The same vertices with the triangles of the face and its mouth alone: hair and neck stay to be seen."""
    is_drawn = np.zeros(topology.num_vertices, bool)
    for name in _DRAWN_SETS:
        is_drawn[topology.sets.get(name, [])] = True
    # The mouth has no name: of what is left, it is what hangs on the lips.
    edges = np.concatenate([topology.faces[:, [0, 1]], topology.faces[:, [1, 2]], topology.faces[:, [2, 0]]])
    left = edges[~is_drawn[edges].any(axis=1)]
    graph = coo_array((np.ones(len(left)), left.T), (topology.num_vertices, topology.num_vertices))
    _, part = connected_components(graph, directed=False)
    is_lip = np.isin(edges, topology.sets.get("lips", []))
    behind_lips = edges[is_lip.any(axis=1) & ~is_drawn[edges].all(axis=1)]
    is_drawn |= np.isin(part, part[behind_lips[~is_drawn[behind_lips]]])
    kept = is_drawn[topology.faces].all(axis=1)
    return replace(topology, faces=topology.faces[kept], uv_faces=topology.uv_faces[kept])


def _clay_but_within(topology: Topology, skin: np.ndarray) -> np.ndarray:
    """The skin with clay all over but for the eyes and what is in the mouth."""
    is_clay = np.zeros(topology.num_vertices, bool)
    for name in _CLAY_SETS:
        is_clay[topology.sets.get(name, [])] = True
    corners = topology.uv[topology.uv_faces[~is_clay[topology.faces].all(axis=1)]]  # [n, 3, 2]
    height, width = skin.shape[:2]
    places = np.rint((corners * [1, -1] + [0, 1]) * [width, height]).astype(np.int32)
    is_kept = np.zeros((height, width), np.uint8)
    for triangle in places:
        cv2.fillConvexPoly(is_kept, triangle, 1)
    is_kept = cv2.dilate(is_kept, np.ones((2 * _SEAM_PX + 1,) * 2, np.uint8))
    return np.where(is_kept[..., None] > 0, skin, np.array(_CLAY, np.uint8))
