"""Point caches as NumPy arrays: `.npy`, `.npz` of our own kinds, and `.npz` with an array of vertices."""

import zlib
from fractions import Fraction
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from engine.errors import ShotError
from engine.points import unpack_points
from engine.space import LengthUnit, UpAxis
from training.ingest.polygons import Polygons
from training.ingest.source import PointFacts, check_length, damaged

_NAMES = ("vertices", "points", "positions")


class ArrayPoints:
    """A `.npy` or `.npz`.

    Understood: [N, V, 3] floating point; our packed shots (`first`, `differences`, `step_cm`); solved movies
    (`latents`, `basis`, `mean`). Beside them: `faces`, `uv`, `uv_faces`, `rate`, `timecode`, `number`, `unit`, `up`.

    Args:
        path: To open.

    Raises:
        ShotError: It is missing, cut off, or holds no such array.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latents: np.ndarray | None = None
        try:
            if path.suffix.lower() == ".npy":
                arrays = {"vertices": np.load(path, mmap_mode="r", allow_pickle=False)}
            else:
                with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file}
            self.facts = self._read(arrays)
        except (
            OSError,
            KeyError,
            ValueError,
            TypeError,
            EOFError,
            BadZipFile,
            zlib.error,
            NotImplementedError,
        ) as error:
            raise damaged(path, error) from error

    def _read(self, arrays: dict[str, np.ndarray]) -> PointFacts:
        unit = LengthUnit(str(arrays["unit"])) if "unit" in arrays else None
        if "differences" in arrays:
            self._points = unpack_points(arrays["first"], arrays["differences"], float(arrays["step_cm"]))
            unit = LengthUnit.CM
        elif "latents" in arrays and "basis" in arrays:
            self._latents, self._basis, self._mean = arrays["latents"], arrays["basis"], arrays["mean"]
            self._points = np.empty((len(self._latents), self._mean.size // 3, 0))
            unit = LengthUnit.CM
        else:
            self._points = self._vertices(arrays)
        num_frames, num_vertices = self._points.shape[:2]
        check_length(self._path, num_frames)
        return PointFacts(
            num_frames, num_vertices,
            rate=Fraction(*(int(part) for part in arrays["rate"])) if "rate" in arrays else None,
            number=int(arrays["number"]) if "number" in arrays else None,
            timecode=str(arrays["timecode"]) or None if "timecode" in arrays else None,
            unit=unit,
            up=UpAxis(str(arrays["up"])) if "up" in arrays else None,
            polygons=_polygons(arrays),
        )  # fmt: skip

    def _vertices(self, arrays: dict[str, np.ndarray]) -> np.ndarray:
        named = [name for name in _NAMES if name in arrays]
        names = named or [name for name, array in arrays.items() if array.ndim == 3 and array.shape[-1] == 3]
        if len(names) != 1:
            raise ShotError(
                f"{self._path} holds {'several arrays' if names else 'no array'} of vertices [frames, vertices, 3].",
                "Call the one that is meant `vertices`.",
            )
        points = arrays[names[0]]
        if points.ndim != 3 or points.shape[-1] != 3 or points.dtype.kind != "f":
            raise ShotError(
                f"{self._path} holds {points.dtype} {list(points.shape)}, not floating-point [frames, vertices, 3].",
                "Save the vertices of every frame as float32 [frames, vertices, 3].",
            )
        return points

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32."""
        if self._latents is not None:
            return np.asarray(self._latents[index] @ self._basis + self._mean, np.float32).reshape(-1, 3)
        return np.array(self._points[index], np.float32)


def _polygons(arrays: dict[str, np.ndarray]) -> Polygons | None:
    if "faces" not in arrays:
        return None
    faces = arrays["faces"]
    has_uv = "uv" in arrays and "uv_faces" in arrays
    return Polygons(
        np.full(len(faces), faces.shape[1], np.int32),
        faces.reshape(-1).astype(np.int32),
        arrays["uv"].astype(np.float32) if has_uv else None,
        arrays["uv_faces"].reshape(-1).astype(np.int32) if has_uv else None,
        sets={name.removeprefix("set:"): rows for name, rows in arrays.items() if name.startswith("set:")},
    )


def read_faces(path: Path) -> Polygons | None:
    """The faces of an `.npz`; None where it is a whole topology of ours.

    Raises:
        ShotError: It is damaged, or has no faces.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if "neutral" in file:
                return None
            polygons = _polygons({name: file[name] for name in file if name not in _NAMES})
    except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise damaged(path, error) from error
    if polygons is None:
        raise ShotError(f"The topology {path} has no faces.", "Give a file with `faces`, or a topology.npz.")
    return polygons
