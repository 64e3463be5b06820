"""The unit and up axis of a point cache, stated or found out; and whether its vertices are the actor's, in order.

Rule: what a user states is held against the size of a head; what nobody states is found out, or asked for.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import ShotError
from engine.space import LengthUnit, UpAxis, to_house
from training.ingest.polygons import triangle_edges
from training.ingest.rigid import fit

# A head is 18 to 30 cm high, a bust with shoulders up to 60; a mask of the face alone is lower.
HEIGHT_LIMITS_CM = (12.0, 60.0)
_USUAL_CM = 25.0
_CLEARLY_BETTER = 1.5
_NOT_CUBIC = 1.05
_SAME_SIZE = (0.75, 1.33)
_SAME_SHAPE = 0.12  # rms left by the best fit, as a part of the reference's own spread
_STRETCHED, _STRETCHED_SHARE = 3.0, 0.05
_UPRIGHT_DEG = 30.0


@dataclass(frozen=True, slots=True)
class Space:
    """How a cache's coordinates become ours.

    Args:
        unit: Of the cache.
        up: Of the cache.
        how_unit: "stated", "from the file", or how it was found out.
        how_up: Likewise.
        notes: What a user should know, one sentence each.
    """

    unit: LengthUnit
    up: UpAxis
    how_unit: str
    how_up: str
    notes: tuple[str, ...] = ()

    def to_house(self, vertices: np.ndarray) -> np.ndarray:
        """[V, 3] float32 cm, +y up."""
        return to_house(vertices, self.unit, self.up)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a user and a file say of unit and axis; None where they are silent."""

    user_unit: LengthUnit | None = None
    user_up: UpAxis | None = None
    file_unit: LengthUnit | None = None
    file_up: UpAxis | None = None


def find_space(raw: np.ndarray, claim: Claim, reference: np.ndarray | None) -> Space:
    """Settle unit and up axis.

    Args:
        raw: [V, 3] one mesh of the cache, as it stands there.
        claim: What is said of it.
        reference: [V, 3] cm, the actor's mesh, where it is known; otherwise the size of a head decides.

    Raises:
        ShotError: The head would not have the size of a head, or it cannot be told.
    """
    if not np.isfinite(raw).all():
        bad = int((~np.isfinite(raw)).any(axis=1).sum())
        raise ShotError(f"The first mesh has {bad} vertices that are no numbers.", "Export the point cache again.")
    up, how_up, notes = _up(raw, claim, reference)
    height = float(np.ptp(raw[:, 1 if up is UpAxis.Y else 2].astype(np.float64)))
    wanted_cm = None if reference is None else float(np.ptp(reference[:, 1]))
    fitting = [unit for unit in LengthUnit if _is_plausible(height * unit.cm, wanted_cm)]
    stated = claim.user_unit
    if reference is not None or not fitting or stated not in (None, *fitting):
        _check_stated_axis(raw, claim, reference)
    if stated is not None:
        if stated not in fitting:
            raise ShotError(*_wrong_size(height, stated, fitting, wanted_cm))
        return Space(stated, up, "stated", how_up, notes)
    in_file = claim.file_unit
    if in_file in fitting and in_file is not None:
        return Space(in_file, up, "from the file", how_up, notes)
    found = _likeliest(height, fitting, wanted_cm)
    if found is None:
        usual = (
            "a head is 18 to 30 cm, with shoulders up to 60" if wanted_cm is None else f"the actor's {wanted_cm:.1f} cm"
        )
        raise ShotError(
            f"The head is {height:g} units high, which tells no unit ({usual}).",
            "State the unit with --unit; if the file is a different thing, give the head's point cache.",
        )
    if in_file is not None:
        notes += (
            f"The file states {in_file}, by which the head would be {_length(height * in_file.cm)} high:"
            f" {found} was taken.",
        )
    return Space(found, up, f"found out: {height * found.cm:.1f} cm high", how_up, notes)


def _check_stated_axis(raw: np.ndarray, claim: Claim, reference: np.ndarray | None) -> None:
    """See that a head does not lie down by the axis stated."""
    found = _up_by_fit(raw, reference) if reference is not None else _up_by_extent(raw)
    if claim.user_up is not None and found not in (claim.user_up, None):
        raise ShotError(
            f"With {claim.user_up} up, as stated, the head would lie down: it stands along {found}.",
            f"Give --up {found}, or leave --up out.",
        )


def _is_plausible(height_cm: float, wanted_cm: float | None) -> bool:
    if wanted_cm is not None:
        return _SAME_SIZE[0] <= height_cm / wanted_cm <= _SAME_SIZE[1]
    return HEIGHT_LIMITS_CM[0] <= height_cm <= HEIGHT_LIMITS_CM[1]


def _likeliest(height: float, fitting: list[LengthUnit], wanted_cm: float | None) -> LengthUnit | None:
    misfits = sorted((abs(np.log(height * unit.cm / (wanted_cm or _USUAL_CM))), unit) for unit in fitting)
    if not misfits or (len(misfits) > 1 and misfits[1][0] - misfits[0][0] < np.log(_CLEARLY_BETTER)):
        return None
    return misfits[0][1]


def _wrong_size(
    height: float, stated: LengthUnit, fitting: list[LengthUnit], wanted_cm: float | None
) -> tuple[str, str]:
    wanted = "18 to 30 cm, with shoulders up to 60" if wanted_cm is None else f"{wanted_cm:.1f} cm in this data set"
    others = " or ".join(f"{_length(height * unit.cm)} with --unit {unit}" for unit in fitting)
    recovery = f"It would be {others}." if others else "Check the file and its unit."
    return f"In {stated} the head is {_length(height * stated.cm)} high; a head is {wanted}.", recovery


def _length(length_cm: float) -> str:
    return f"{length_cm / 100:.3g} m" if length_cm >= 100 else f"{length_cm:.3g} cm"


def _up(raw: np.ndarray, claim: Claim, reference: np.ndarray | None) -> tuple[UpAxis, str, tuple[str, ...]]:
    found = _up_by_fit(raw, reference) if reference is not None else _up_by_extent(raw)
    if claim.user_up is not None:
        is_doubted = found not in (claim.user_up, None)
        doubt = (f"You state {claim.user_up} up, but the head seems to stand along {found}.",) if is_doubted else ()
        return claim.user_up, "stated", doubt
    if claim.file_up is not None:
        if found in (claim.file_up, None):
            return claim.file_up, "from the file", ()
        if reference is not None and found is not None:
            return found, "found out", (f"The file states {claim.file_up} up, the head stands along {found}.",)
        note = f"The file states {claim.file_up} up, though the head is longer along {found}."
        return claim.file_up, "from the file", (note,)
    if found is None:
        raise ShotError(
            "The head is as deep as it is high, so its up axis cannot be told.", "State it with --up y or --up z."
        )
    return found, "found out", ()


def _up_by_extent(raw: np.ndarray) -> UpAxis | None:
    _, along_y, along_z = np.ptp(raw.astype(np.float64), axis=0)
    if max(along_y, along_z) < _NOT_CUBIC * min(along_y, along_z):
        return None
    return UpAxis.Y if along_y > along_z else UpAxis.Z


def _up_by_fit(raw: np.ndarray, reference: np.ndarray) -> UpAxis | None:
    fits = {up: fit(to_house(raw, LengthUnit.CM, up), reference, has_scale=True) for up in UpAxis}
    best = min(fits, key=lambda up: fits[up].angle_deg)
    if fits[best].rms > _SAME_SHAPE * _spread(reference):
        # What fits in no direction has its vertices in another order, which is found out later.
        return _up_by_extent(raw)
    if fits[best].angle_deg > _UPRIGHT_DEG:
        raise ShotError(
            f"The head stands neither along y nor along z: it is turned by {fits[UpAxis.Y].angle_deg:.0f} degrees"
            " against the actor's neutral mesh (180 is upside down, or back to front).",
            "Export the head upright, in the data set's own space.",
        )
    return best


def _spread(mesh: np.ndarray) -> float:
    return float(np.sqrt(((mesh - mesh.mean(0)) ** 2).sum(1).mean()))


def check_order(vertices: np.ndarray, reference: np.ndarray, faces: np.ndarray) -> tuple[str, ...]:
    """See that vertex n of the cache is vertex n of the actor; returns notes on where the head stands.

    Args:
        vertices: [V, 3] cm, one mesh of the cache.
        reference: [V, 3] cm, the actor's mesh.
        faces: [F, 3] of the actor.

    Raises:
        ShotError: The order is another, the mesh is mirrored, or the head stands in another direction.
    """
    best = fit(vertices, reference)
    spread = _spread(reference)
    edges = triangle_edges(faces)
    lengths, lengths_then = (
        np.linalg.norm(mesh[edges[:, 0]].astype(np.float64) - mesh[edges[:, 1]], axis=1)
        for mesh in (vertices, reference)
    )
    ratios = (lengths + 1e-3) / (lengths_then + 1e-3)
    stretched = float(((ratios > _STRETCHED) | (ratios < 1 / _STRETCHED)).mean())
    if best.rms > _SAME_SHAPE * spread or stretched > _STRETCHED_SHARE:
        mirrored = fit(vertices, reference, may_mirror=True)
        if mirrored.rms < _SAME_SHAPE * spread and stretched <= _STRETCHED_SHARE:
            raise ShotError(
                "The point cache is a mirror image of the actor (a left-handed coordinate system).",
                "Export it from a right-handed scene, or mirror it there.",
            )
        size = 1 / fit(vertices, reference, has_scale=True).scale
        if fit(vertices / size, reference).rms <= _SAME_SHAPE * spread and stretched <= _STRETCHED_SHARE:
            raise ShotError(f"The mesh is {size:.2f} times the actor's size.", "Check --unit, or it is another actor.")
        raise ShotError(
            f"The point cache has the actor's number of vertices in another order: {stretched:.0%} of the edges are"
            f" torn, the best fit leaves {best.rms:.1f} cm.",
            "Export the mesh with the vertex order of the data set's topology.",
        )
    if best.angle_deg > _UPRIGHT_DEG:
        raise ShotError(
            f"The head is turned by {best.angle_deg:.0f} degrees against the actor's neutral mesh.",
            "State the axis with --up, or export the head in the data set's own space.",
        )
    moved_cm = float(np.linalg.norm(vertices.mean(0) - reference.mean(0)))
    if best.angle_deg > 3.0 or moved_cm > 1.0:
        return (
            f"The head stands {moved_cm:.1f} cm and {best.angle_deg:.0f} degrees from the actor's neutral mesh:"
            " all shots of a data set must be stabilised to the same place.",
        )
    return ()
