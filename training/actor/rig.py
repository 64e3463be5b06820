"""The actor's rig: 52 expression weights in, the exact mesh out.

Rule: vertices are head-stabilised centimetres; head motion belongs to the stage. Units add up first, then anatomy has
its say: the jaw swings, lips touch, lids slide on the eyeballs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from engine.mesh import Topology
from engine.render.view import rotation
from training.actor.anatomy import Anatomy, load_anatomy
from training.actor.atlas import lay_out
from training.actor.bust import drape
from training.actor.contact import LipContact, build_lip_contact
from training.actor.couplings import Couplings
from training.actor.curves import weights_of
from training.actor.eyelids import Eyelids, build_eyelids, shape_eye, steady_corners
from training.actor.gums import bed_gums
from training.actor.identity import Identity
from training.actor.jaw import DentalArch, Jaw, arches, build_jaw, place_teeth
from training.actor.lip_shape import round_lower_lip
from training.actor.rings import mouth_rings
from training.actor.supple import ease_creases, ease_units
from training.actor.tongue import Tongue
from training.actor.vertex_sets import vertex_sets

NUM_UNITS = 52
_LIP_HALF_CM = 0.15  # from the lower lip's rim to its front
_EYES = ("left_eye", "right_eye")
# What a gaze unit at weight 1 turns the eye by; eyes can turn somewhat further.
_GAZE_SIDE_DEG, _GAZE_UP_DEG, _GAZE_DOWN_DEG = 32.0, 24.0, 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """One actor, ready to be posed.

    Args:
        identity: Who it is.
        topology: The mesh with its vertex sets.
        units: Names of the 52 expression units.
        deltas: [52, V * 3] float32, cm; eyeballs, teeth and tongue move by themselves.
        blend: [V * 3, 52] the same, for adding up: most units are local.
        eye_centres: [2, 3] cm, left then right.
        eye_radii: [2] cm, of the white.
        couplings: How weights add up.
        jaw: What swings.
        teeth: Upper and lower row.
        tongue: What climbs out.
        lips: What touches.
        eyelids: Left and right.
    """

    identity: Identity
    topology: Topology
    units: tuple[str, ...]
    deltas: np.ndarray
    blend: sparse.csr_matrix
    eye_centres: np.ndarray
    eye_radii: np.ndarray
    couplings: Couplings
    jaw: Jaw
    teeth: tuple[DentalArch, DentalArch]
    tongue: Tongue
    lips: LipContact
    eyelids: tuple[Eyelids, Eyelids]

    def pose(self, weights: np.ndarray, lip_seal: float = 0.0, lip_to_teeth: float = 0.0) -> np.ndarray:
        """[V, 3] float32 cm.

        Args:
            weights: [52] in 0..1, in the order of `units`.
            lip_seal: 1 closes the lips all along, whatever the weights say, within reach; as for p, b, m.
            lip_to_teeth: 1 brings the lower lip up to the edge of the upper teeth; as for f, v.
        """
        coupled = self.couplings.apply(weights, lip_seal, lip_to_teeth)
        vertices = self.topology.neutral.astype(np.float64)
        vertices += (self.blend @ coupled).reshape(-1, 3)
        turn, shift = self._swing(vertices, coupled)
        self._settle_lips(vertices, coupled, turn, shift, lip_seal, lip_to_teeth)
        for side, name in enumerate(_EYES):
            look = rotation(*self._yaw_and_dip(weights, side))
            rows, centre = self.topology.sets[name], self.eye_centres[side]
            vertices[rows] = (vertices[rows] - centre) @ look.T + centre
            self.eyelids[side].settle(vertices, coupled, look[:, 2])
        return vertices.astype(np.float32)

    def gaze_deg(self, weights: np.ndarray, side: int) -> tuple[float, float]:
        """Yaw (towards the actor's left) and pitch (up) of one eye; side 0 is the left."""
        name = ("Left", "Right")[side]
        value = {unit: float(weights[self.units.index(f"eyeLook{unit}{name}")]) for unit in ("In", "Out", "Up", "Down")}
        outwards = _GAZE_SIDE_DEG * (value["Out"] - value["In"])
        return (outwards if side == 0 else -outwards), _GAZE_UP_DEG * value["Up"] - _GAZE_DOWN_DEG * value["Down"]

    def gaze(self, weights: np.ndarray, side: int) -> np.ndarray:
        """[3] unit vector along which one eye looks."""
        return np.asarray(rotation(*self._yaw_and_dip(weights, side))[:, 2], np.float64)

    def _yaw_and_dip(self, weights: np.ndarray, side: int) -> tuple[float, float]:
        yaw_deg, pitch_deg = self.gaze_deg(weights, side)
        return yaw_deg, -pitch_deg

    def _swing(self, vertices: np.ndarray, coupled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take along what the jaw carries; returns its rotation and shift."""
        neutral, sets, pivot = self.topology.neutral, self.topology.sets, self.jaw.pivot
        vertices += self.jaw.carried[:, None] * ((neutral - pivot) @ self.jaw.arc(coupled).T)
        turn, shift = self.jaw.motion(coupled)
        out = coupled[self.units.index("tongueOut")]
        for name, places in (("lower_teeth", neutral[sets["lower_teeth"]]), ("tongue", self.tongue.at(out))):
            vertices[sets[name]] = (places - pivot) @ turn.T + pivot + shift
        return turn, shift

    def _settle_lips(
        self, vertices: np.ndarray, coupled: np.ndarray, turn: np.ndarray, shift: np.ndarray, lip_seal: float,
        lip_to_teeth: float,
    ) -> None:  # fmt: skip
        opening = float(coupled[self.jaw.columns[0]])
        pivot = self.jaw.pivot
        self.lips.hold_before_teeth(vertices, self.teeth[0], np.eye(3), pivot, np.zeros(3))
        self.lips.hold_before_teeth(vertices, self.teeth[1], turn, pivot, shift)
        passed = self.tongue.presence(float(coupled[self.units.index("tongueOut")]))
        if passed > 0:
            rim = self.lips.knots(self.topology.neutral)
            rim[:, 1] = self.tongue.rim_y
            self.lips.make_way(
                vertices, ((rim - pivot) @ turn.T + pivot + shift)[:, 1], self.tongue.half_width_cm, passed
            )
        if lip_to_teeth > 0:
            self.lips.bite(vertices, lip_to_teeth, self.teeth[0])
        sealed = 1 - (1 - lip_seal) * (1 - self.couplings.resting_seal(coupled) * (1 - lip_to_teeth))
        if sealed > 0:
            self.lips.seal(vertices, sealed, opening)
        self.lips.part(vertices, opening, sealed)


def build_rig(identity: Identity) -> Rig:
    """Shape the anatomy into this actor."""
    anatomy = load_anatomy()
    shape = anatomy.base.copy()
    for name, weight in identity.targets.items():
        shape += weight * anatomy.target(name)
    ease_creases(anatomy, shape)
    # The origin is where the head turns: between the ears, as high as their middle.
    ears = shape[anatomy.masks["ears"] > 0]
    shape -= (ears.max(0) + ears.min(0)) / 2
    drape(anatomy, shape)

    lips = build_lip_contact()
    balls = [_sphere(shape[anatomy.parts[name]]) for name in _EYES]
    for side, (centre, radius) in enumerate(balls):
        shape_eye(shape, side, centre, radius)
    deltas = _unit_deltas(anatomy, shape)
    round_lower_lip(anatomy, shape, deltas)
    _close_mouth(anatomy, shape, lips)
    shape = shape.astype(np.float32).astype(np.float64)  # corrections measured at rest must vanish at rest

    lips = lips.at_rest(shape)
    jaw = build_jaw(anatomy, shape, deltas)
    teeth = arches(anatomy, shape)
    tongue = _tongue(anatomy, shape, deltas, teeth[1], lips)
    for name, rows in anatomy.parts.items():
        if name != "skin":
            deltas[:, rows] = 0
    triangles = [0, 1, 2, 0, 2, 3]
    topology = Topology(
        faces=anatomy.quads[:, triangles].reshape(-1, 3),
        uv=lay_out(anatomy),
        uv_faces=anatomy.uv_quads[:, triangles].reshape(-1, 3),
        neutral=shape.astype(np.float32),
        sets=vertex_sets(anatomy),
    )
    left, right = (
        build_eyelids(shape, deltas, anatomy.units, side, centre, radius) for side, (centre, radius) in enumerate(balls)
    )
    rig = Rig(
        identity=identity,
        topology=topology,
        units=anatomy.units,
        deltas=deltas.reshape(NUM_UNITS, -1).astype(np.float32),
        blend=sparse.csr_matrix(deltas.reshape(NUM_UNITS, -1).T),
        eye_centres=np.stack([centre for centre, _ in balls]).astype(np.float32),
        eye_radii=np.array([radius for _, radius in balls]),
        couplings=Couplings(anatomy.units),
        jaw=jaw,
        teeth=teeth,
        tongue=tongue,
        lips=lips,
        eyelids=(left, right),
    )
    return _with_bedded_gums(anatomy, rig)


def _with_bedded_gums(anatomy: Anatomy, rig: Rig) -> Rig:
    def pose(named: Mapping[str, float], neutral: np.ndarray) -> np.ndarray:
        bedded = replace(rig, topology=replace(rig.topology, neutral=neutral.astype(np.float32)))
        return bedded.pose(weights_of(named, rig.units))

    upper, lower = (float(arch.edge(np.zeros(1))[0, 1]) for arch in rig.teeth)
    neutral = bed_gums(anatomy, rig.topology, pose, (upper, lower))
    return replace(rig, topology=replace(rig.topology, neutral=neutral))


def _close_mouth(anatomy: Anatomy, shape: np.ndarray, lips: LipContact) -> None:
    """Lips touch at rest, teeth stand behind them; in place."""
    lips.seal(shape, 1.0, 0.0)
    lips.part(shape, 0.0, 1.0)
    rings = mouth_rings()
    middle = rings.upper[len(rings.upper) // 2]
    inner = rings.span(-4, -2)[:, rings.upper]
    depth_cm = float(shape[inner[np.abs(anatomy.base[inner, 0]) < 0.3], 2].min())
    place_teeth(anatomy, shape, shape[rings.ring(0)[middle]], depth_cm)
    for _ in range(12):  # where this actor's lips come nearer than in the middle, teeth stand further back
        before = shape.copy()
        for arch in arches(anatomy, shape):
            lips.hold_before_teeth(before, arch, np.eye(3), np.zeros(3), np.zeros(3))
        deepest_cm = float(np.linalg.norm(before - shape, axis=1).max())
        if deepest_cm == 0:
            break
        for name in ("upper_teeth", "lower_teeth", "tongue"):
            shape[anatomy.parts[name], 2] -= 1.5 * deepest_cm + 0.002


def _tongue(anatomy: Anatomy, shape: np.ndarray, deltas: np.ndarray, teeth: DentalArch, lips: LipContact) -> Tongue:
    rows, edge = anatomy.parts["tongue"], teeth.edge(np.zeros(1))[0]
    rim = lips.knots(shape)
    middle = rim[len(rim) // 2]
    out = deltas[anatomy.units.index("tongueOut"), rows].copy()
    return Tongue(shape[rows], out, float(edge[2]), float(middle[2]) + _LIP_HALF_CM, float(max(edge[1], middle[1])))


def _unit_deltas(anatomy: Anatomy, shape: np.ndarray) -> np.ndarray:
    """[52, V, 3] cm: an actor may be larger or smaller than the base, and the expressions with it."""
    deltas = anatomy.unit_deltas.copy()
    ease_units(anatomy, deltas)
    face = anatomy.masks["face"] > 0
    deltas *= np.ptp(shape[face], axis=0) / np.ptp(anatomy.base[face], axis=0)
    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        steady_corners(shape, deltas[anatomy.units.index(name)], side)
    return deltas


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Least-squares centre and radius: |p|^2 = 2 p.c + k."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    centre = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0][:3]
    return centre, float(np.linalg.norm(points - centre, axis=1).mean())
