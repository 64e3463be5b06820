"""The actor's rig: 52 expression weights in, the exact mesh out.

Rule: vertices are head-stabilised centimetres; head motion belongs to the stage. Eyeballs turn about their centres
rather than slide, and everything the jaw carries goes with it.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import Topology
from engine.render.view import rotation
from training.actor.anatomy import Anatomy, load_anatomy
from training.actor.atlas import lay_out
from training.actor.identity import Identity

NUM_UNITS = 52
_ANIMATED_MM = 1.0  # a vertex that some unit moves further than this is animated
_CONTACT_REACH_CM = 0.3
_TEETH_SETBACK_CM = 0.3
# What a gaze unit at weight 1 turns the eye by; eyes can turn somewhat further.
_GAZE_SIDE_DEG, _GAZE_UP_DEG, _GAZE_DOWN_DEG = 32.0, 24.0, 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """One actor, ready to be posed.

    Args:
        identity: Who it is.
        topology: The mesh with its vertex sets.
        units: Names of the 52 expression units.
        deltas: [52, V * 3] float32, cm, eyeballs excluded.
        eye_centres: [2, 3] cm, left then right.
        eye_radii: [2] cm.
    """

    identity: Identity
    topology: Topology
    units: tuple[str, ...]
    deltas: np.ndarray
    eye_centres: np.ndarray
    eye_radii: np.ndarray

    def pose(self, weights: np.ndarray) -> np.ndarray:
        """[V, 3] float32 cm.

        Args:
            weights: [52] in 0..1, in the order of `units`.
        """
        offsets = (self._coupled(weights).astype(np.float32) @ self.deltas).reshape(-1, 3)
        vertices = self.topology.neutral + offsets
        for side, name in enumerate(("left_eye", "right_eye")):
            yaw_deg, pitch_deg = self.gaze_deg(weights, side)
            rows = self.topology.sets[name]
            turn = rotation(yaw_deg, -pitch_deg)
            vertices[rows] = (vertices[rows] - self.eye_centres[side]) @ turn.T + self.eye_centres[side]
        return vertices.astype(np.float32)

    def _coupled(self, weights: np.ndarray) -> np.ndarray:
        """Weights as anatomy lets them add up: a closed lid neither widens nor follows the gaze."""
        coupled = np.clip(weights, 0, 1).astype(np.float64)
        for side in ("Left", "Right"):
            open_share = 1 - coupled[self.units.index(f"eyeBlink{side}")]
            for stem, remains in (("eyeWide", 0.0), ("eyeSquint", 0.4), ("eyeLookUp", 0.0), ("eyeLookDown", 0.0)):
                coupled[self.units.index(f"{stem}{side}")] *= remains + (1 - remains) * open_share
        lower, upper = self.units.index("mouthShrugLower"), self.units.index("mouthShrugUpper")
        coupled[upper] = max(coupled[upper], 0.8 * coupled[lower])  # the lower lip lifts the upper one
        return coupled

    def gaze_deg(self, weights: np.ndarray, side: int) -> tuple[float, float]:
        """Yaw (towards the actor's left) and pitch (up) of one eye; side 0 is the left."""
        name = ("Left", "Right")[side]
        value = {unit: float(weights[self.units.index(f"eyeLook{unit}{name}")]) for unit in ("In", "Out", "Up", "Down")}
        outwards = _GAZE_SIDE_DEG * (value["Out"] - value["In"])
        return (outwards if side == 0 else -outwards), _GAZE_UP_DEG * value["Up"] - _GAZE_DOWN_DEG * value["Down"]


def build_rig(identity: Identity) -> Rig:
    """Shape the anatomy into this actor."""
    anatomy = load_anatomy()
    shape = anatomy.base.copy()
    for name, weight in identity.targets.items():
        shape += weight * anatomy.target(name)

    # Identity targets were made for the skin; teeth and tongue follow with room behind the lips.
    mouth = np.concatenate([anatomy.parts[name] for name in ("upper_teeth", "lower_teeth", "tongue")])
    shape[mouth, 2] -= _TEETH_SETBACK_CM

    # The origin is where the head turns: between the ears, as high as their middle.
    ears = shape[anatomy.masks["ears"] > 0]
    shape -= (ears.max(0) + ears.min(0)) / 2

    deltas = anatomy.unit_deltas.copy()
    eyes = np.concatenate([anatomy.parts["left_eye"], anatomy.parts["right_eye"]])
    deltas[:, eyes] = 0
    # An identity may be larger or smaller than the base, and its expressions with it.
    scale = np.ptp(shape[anatomy.masks["face"] > 0], axis=0) / np.ptp(anatomy.base[anatomy.masks["face"] > 0], axis=0)
    deltas *= scale

    centres = np.stack([_sphere_centre(shape[anatomy.parts[name]]) for name in ("left_eye", "right_eye")])
    radii = np.array(
        [
            np.linalg.norm(shape[anatomy.parts[name]] - centre, axis=1).mean()
            for name, centre in zip(("left_eye", "right_eye"), centres, strict=True)
        ]
    )
    triangles = [0, 1, 2, 0, 2, 3]
    topology = Topology(
        faces=anatomy.quads[:, triangles].reshape(-1, 3),
        uv=lay_out(anatomy),
        uv_faces=anatomy.uv_quads[:, triangles].reshape(-1, 3),
        neutral=shape.astype(np.float32),
        sets=_vertex_sets(anatomy, shape, deltas),
    )
    return Rig(
        identity,
        topology,
        anatomy.units,
        deltas.reshape(NUM_UNITS, -1).astype(np.float32),
        centres.astype(np.float32),
        radii,
    )


def _sphere_centre(points: np.ndarray) -> np.ndarray:
    """Least-squares sphere: |p|^2 = 2 p.c + k."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    return np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0][:3]


def _vertex_sets(anatomy: Anatomy, shape: np.ndarray, deltas: np.ndarray) -> dict[str, np.ndarray]:
    motion_mm = np.linalg.norm(deltas, axis=2) * 10  # [52, V]
    parts, masks = anatomy.parts, anatomy.masks
    is_skin = np.zeros(len(shape), bool)
    is_skin[parts["skin"]] = True
    is_skin &= masks["inside-mouth"] == 0
    is_animated = motion_mm.max(0) > _ANIMATED_MM
    eyes = np.concatenate([parts["left_eye"], parts["right_eye"]])
    is_animated[eyes] = True

    def moved_most_by(*stems: str) -> np.ndarray:
        rows = [index for index, unit in enumerate(anatomy.units) if unit.startswith(stems)]
        share = motion_mm[rows].max(0)
        return is_skin & (share > 0.3 * share[is_skin].max())

    lips, lids = is_skin & (masks["lips"] > 0), is_skin & (masks["eyelids"] > 0)
    mouth_height = shape[lips, 1].mean()
    eye_height = shape[eyes, 1].mean()
    nose_top = shape[is_skin & (np.abs(shape[:, 0]) < 1.0), 2].max()
    face = is_skin & (masks["face"] > 0)
    regions = {
        "lips": lips,
        "lids": lids,
        "brows": face & moved_most_by("brow") & ~lids & (shape[:, 1] > eye_height + 0.8),
        "jaw": face & moved_most_by("jaw") & ~lips & (shape[:, 1] < mouth_height),
        "cheeks": face & moved_most_by("cheek") & ~lips & ~lids & (np.abs(shape[:, 0]) > 2.0),
        "nose": face & ~lips & (np.abs(shape[:, 0]) < 2.2) & (shape[:, 2] > nose_top - 3.5)
        & (shape[:, 1] > mouth_height + 1.0) & (shape[:, 1] < eye_height),
        "animated": is_animated,
        "face": face,
    }  # fmt: skip
    sets = {name: np.flatnonzero(mask).astype(np.int32) for name, mask in regions.items()}
    sets |= {
        "left_eye": parts["left_eye"],
        "right_eye": parts["right_eye"],
        "eyes": np.sort(eyes),
        "teeth": np.sort(np.concatenate([parts["upper_teeth"], parts["lower_teeth"]])),
        "tongue": parts["tongue"],
        "contact_pairs": _contact_pairs(anatomy, shape, deltas, sets),
    }
    return {name: rows.astype(np.int32) for name, rows in sets.items()}


def _contact_pairs(anatomy: Anatomy, shape: np.ndarray, deltas: np.ndarray, sets: dict[str, np.ndarray]) -> np.ndarray:
    """[n, 2] vertices that touch: upper with lower lip at rest, upper with lower lid in a blink."""
    pairs = []
    blink = deltas[[anatomy.units.index("eyeBlinkLeft"), anatomy.units.index("eyeBlinkRight")]].sum(0)
    jaw_open = deltas[anatomy.units.index("jawOpen"), :, 1]
    lips, lids = sets["lips"], sets["lids"]
    is_lower_lip = jaw_open[lips] < 0.5 * jaw_open[lips].min()
    is_lower_lid = blink[lids, 1] > -0.15
    for rows, is_lower, pose in ((lips, is_lower_lip, shape), (lids, is_lower_lid, shape + blink)):
        upper, lower = rows[~is_lower], rows[is_lower]
        gaps = np.linalg.norm(pose[upper][:, None] - pose[lower][None], axis=2)
        nearest = gaps.argmin(1)
        touching = gaps[np.arange(len(upper)), nearest] < _CONTACT_REACH_CM
        pairs.append(np.stack([upper[touching], lower[nearest[touching]]], axis=1))
    return np.concatenate(pairs)
