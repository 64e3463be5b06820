"""Point caches as a sequence of OBJ files, and one OBJ as a topology."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import ShotError
from training.ingest.numbered import find_sequence
from training.ingest.polygons import Polygons
from training.ingest.source import PointFacts, check_length, damaged

OBJ_SUFFIXES = frozenset({".obj"})


@dataclass(frozen=True, slots=True, eq=False)
class ObjFile:
    """One OBJ.

    Args:
        vertices: [V, 3] float32.
        polygons: Its faces.
        face_lines: The lines of its faces as they stand, to see that they stay.
    """

    vertices: np.ndarray
    polygons: Polygons
    face_lines: tuple[bytes, ...]


class ObjPoints:
    """A sequence of OBJ files, one a frame; each is read when its frame is asked for.

    Args:
        path: A folder, a pattern or one of the files.

    Raises:
        ShotError: There is no such sequence, or it has a hole.
    """

    def __init__(self, path: Path) -> None:
        self._files = find_sequence(path, OBJ_SUFFIXES)
        check_length(path, len(self._files.paths))
        self._first = read_obj(self._files.paths[0])
        self.facts = PointFacts(
            len(self._files.paths),
            len(self._first.vertices),
            number=self._files.first,
            polygons=self._first.polygons if self._first.face_lines else None,
        )

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32."""
        path = self._files.paths[index]
        vertices, face_lines = _read_lines(path)
        num_vertices, num_faces = self.facts.num_vertices, len(self._first.face_lines)
        if len(vertices) != num_vertices or face_lines != self._first.face_lines:
            raise ShotError(
                f"{path} has {len(vertices)} vertices and {len(face_lines)} faces,"
                f" the first frame {num_vertices} and {num_faces}: the topology changes or the file is cut off.",
                "Export one mesh whose vertices and faces stay the same in every frame.",
            )
        return vertices


def read_obj(path: Path) -> ObjFile:
    """Read one OBJ; groups (`g`) become vertex sets.

    Raises:
        ShotError: It is missing, cut off, or no OBJ.
    """
    vertices, face_lines = _read_lines(path)
    counts: list[int] = []
    corners: list[int] = []
    uv_corners: list[int] = []
    groups: dict[str, set[int]] = {}
    texture: list[tuple[float, float]] = []
    current: tuple[str, ...] = ()
    try:
        for line in path.read_bytes().splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == b"vt":
                texture.append((float(words[1]), float(words[2])))
            elif words[0] == b"g":
                current = tuple(word.decode("utf-8", "replace") for word in words[1:])
            elif words[0] == b"f":
                indices = [word.split(b"/") for word in words[1:]]
                polygon = [_index(parts[0], len(vertices)) for parts in indices]
                counts.append(len(polygon))
                corners.extend(polygon)
                uv_corners.extend(_index(p[1], len(texture)) for p in indices if len(p) > 1 and p[1])
                for name in current:
                    groups.setdefault(name, set()).update(polygon)
    except (OSError, ValueError, IndexError) as error:
        raise damaged(path, error) from error
    has_uv = bool(texture) and len(uv_corners) == len(corners)
    polygons = Polygons(
        np.array(counts, np.int32),
        np.array(corners, np.int32),
        np.array(texture, np.float32) if has_uv else None,
        np.array(uv_corners, np.int32) if has_uv else None,
        sets={name: np.array(sorted(rows), np.int32) for name, rows in groups.items() if len(rows) < len(vertices)},
    )
    if polygons.num_used > len(vertices):
        raise damaged(path, "its faces name vertices that it does not have")
    return ObjFile(vertices, polygons, face_lines)


def _read_lines(path: Path) -> tuple[np.ndarray, tuple[bytes, ...]]:
    try:
        lines = path.read_bytes().splitlines()
        rows = [line.split(None, 4)[1:4] for line in lines if line.startswith((b"v ", b"v\t"))]
        vertices = np.array(rows, np.float64).reshape(-1, 3).astype(np.float32)
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not len(vertices):
        raise damaged(path, "it has no vertices")
    return vertices, tuple(line for line in lines if line.startswith((b"f ", b"f\t")))


def _index(word: bytes, count: int) -> int:
    number = int(word)
    return number - 1 if number > 0 else count + number
