"""Opens any point cache by its name."""

from pathlib import Path

from engine.errors import ShotError
from training.ingest.alembic_points import AlembicPoints
from training.ingest.array_points import ArrayPoints
from training.ingest.binary_points import MDDPoints, PC2Points
from training.ingest.numbered import is_sequence
from training.ingest.obj_points import OBJ_SUFFIXES, ObjPoints
from training.ingest.source import PointSource
from training.ingest.usd_points import USD_SUFFIXES, UsdPoints

KINDS = ".abc, .usd, .usda, .usdc, .usdz, .pc2, .mdd, .npy, .npz, or a sequence of .obj"


def open_points(path: Path, mesh: str | None = None) -> PointSource:
    """Open a point cache.

    Args:
        path: A file, or for OBJ a folder, a pattern or one of the files.
        mesh: Which mesh, where an Alembic or USD file has several.

    Raises:
        ShotError: It is missing, damaged, of an unknown kind, or does not move.
        LiveDoubleError: A library for this kind is not installed.
    """
    if is_sequence(path, OBJ_SUFFIXES):
        return ObjPoints(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise ShotError(f"There is no point cache {path}.", "Check the path.")
    if suffix == ".abc":
        return AlembicPoints(path, mesh)
    if suffix in USD_SUFFIXES:
        return UsdPoints(path, mesh)
    if suffix in (".npy", ".npz"):
        return ArrayPoints(path)
    if suffix == ".pc2":
        return PC2Points(path)
    if suffix == ".mdd":
        return MDDPoints(path)
    raise ShotError(f"{path} is not a point cache of a kind we know.", f"Give {KINDS}.")
