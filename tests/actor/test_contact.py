"""What touches: lips, lids, teeth and tongue, over performances, over extremes, over actors."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial import cKDTree

from engine.shots import Role
from training.actor.curves import weights_of
from training.actor.eyelids import cornea_cm
from training.actor.identity import ACTORS, identity_of
from training.actor.performance import perform
from training.actor.rig import Rig, build_rig
from training.actor.rings import eye_rings, mouth_rings

GAZES = ({}, {"eyeLookDown": 1.0}, {"eyeLookUp": 1.0}, {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0})
MOUTHS = (
    {}, {"mouthFunnel": 0.6}, {"mouthPucker": 0.8}, {"mouthStretch": 0.4, "mouthSmile": 0.3}, {"mouthSmile": 1.0},
    {"mouthLowerDown": 0.5, "mouthUpperUp": 0.5}, {"mouthRollLower": 0.6, "mouthRollUpper": 0.6}, {"mouthPress": 0.6},
    {"mouthFrown": 1.0}, {"mouthLeft": 0.8, "jawLeft": 0.5}, {"jawForward": 0.8}, {"mouthFrownLeft": 0.7},
)  # fmt: skip


@pytest.fixture(scope="module", params=["demo", "amara", "hiro", "viktor"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return build_rig(identity_of(request.param))


@pytest.fixture(scope="module")
def demo() -> Rig:
    return build_rig(identity_of("demo"))


def lip_lines(vertices: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower lip's places along one ring, by x, over the middle 80 % of the mouth."""
    rings = mouth_rings()
    ring = rings.ring(number)
    upper, lower = vertices[ring[rings.upper]], vertices[ring[rings.lower]]
    half = 0.8 * np.abs(lower[[0, -1], 0] - lower[:, 0].mean()).max()
    return upper, lower[np.abs(lower[:, 0] - lower[:, 0].mean()) <= half]


def gap_mm(vertices: np.ndarray, number: int) -> float:
    """Widest distance from a lower lip's vertex to the upper lip's line of the same ring."""
    upper, lower = lip_lines(vertices, number)
    starts, ends = upper[:-1], upper[1:]
    along = ends - starts
    share = ((lower[:, None] - starts) * along).sum(2) / (along**2).sum(1)
    nearest = starts + np.clip(share, 0, 1)[..., None] * along
    return float(np.linalg.norm(lower[:, None] - nearest, axis=2).min(1).max() * 10)


def heights_of(surface: np.ndarray) -> Callable[[float, float], list[float]]:
    """The y of every triangle of a [R, C, 3] patch over a place (x, z)."""
    triangles = []
    for i, j in np.ndindex(surface.shape[0] - 1, surface.shape[1] - 1):
        a, b, c, d = surface[i, j], surface[i, j + 1], surface[i + 1, j + 1], surface[i + 1, j]
        triangles += [(a, b, c), (a, c, d)]
    corners = np.array(triangles)
    edges = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=2)
    flat = edges[:, [0, 2]]
    has_area = np.abs(np.linalg.det(flat)) > 1e-9
    corners, edges, inverse = corners[has_area], edges[has_area], np.linalg.inv(flat[has_area])

    def heights(x: float, z: float) -> list[float]:
        share = np.einsum("nij,nj->ni", inverse, np.array([x, z]) - corners[:, 0, [0, 2]])
        is_over = (share >= 0).all(1) & (share.sum(1) <= 1)
        return list(corners[is_over, 0, 1] + (edges[is_over, 1] * share[is_over]).sum(1))

    return heights


def crossing_mm(vertices: np.ndarray) -> float:
    """How far a lip's vertices near its rim stand beyond the other lip's surface, straight up or down."""
    rings = mouth_rings()
    left, right = rings.corners()
    patch = vertices[rings.span(-1, 2)]
    upper = patch[:, [left, *rings.upper, right]]
    lower = patch[:, [left, *rings.lower, right]]
    deepest = 0.0
    for places, surface, sign in ((lower[:, 1:-1], upper, 1.0), (upper[:, 1:-1], lower, -1.0)):
        height = heights_of(surface)
        for place in places.reshape(-1, 3):
            for y in height(place[0], place[2]):
                deepest = max(deepest, sign * (place[1] - y))
    return 10 * deepest


def test_a_seal_closes_the_lips_all_along_whatever_the_mouth_does(rig: Rig) -> None:
    for opening in (0.0, 0.15, 0.3, 0.4):
        for mouth in MOUTHS:
            pose = rig.pose(weights_of({"jawOpen": opening, **mouth}, rig.units), lip_seal=1.0).astype(np.float64)
            assert gap_mm(pose, 0) < 0.3, (opening, mouth)
            assert gap_mm(pose, -1) < 0.3, (opening, mouth)


def test_half_a_seal_leaves_about_half_the_gap(demo: Rig) -> None:
    weights = weights_of({"mouthPucker": 0.3, "mouthLowerDown": 0.6, "mouthUpperUp": 0.4}, demo.units)
    gaps = [gap_mm(demo.pose(weights, lip_seal=seal).astype(np.float64), 0) for seal in (0.0, 0.5, 1.0)]
    assert gaps[0] > 3
    assert 0.1 * gaps[0] < gaps[1] < 0.7 * gaps[0]


def test_a_seal_reaches_only_as_far_as_skin_does(demo: Rig) -> None:
    wide = demo.pose(weights_of({"jawOpen": 1.0, "mouthUpperUp": 1.0, "mouthLowerDown": 1.0}, demo.units), lip_seal=1.0)
    lips = demo.topology.sets["lips"]
    stretched = np.linalg.norm(wide[lips] - demo.topology.neutral[lips], axis=1)
    assert stretched.max() < 4.5


def test_lips_never_cross_in_a_performance(demo: Rig) -> None:
    worst = 0.0
    for index, role in enumerate((Role.RANGE_OF_MOTION, Role.EXPRESSIONS, Role.PANGRAMS, Role.IN_CHARACTER)):
        acted = perform(role, 250, (3, index), demo.units)
        for frame in range(0, 250, 6):
            weights, seal, teeth = acted.weights[frame], acted.lip_seal[frame], acted.lip_to_teeth[frame]
            worst = max(worst, crossing_mm(demo.pose(weights, float(seal), float(teeth)).astype(np.float64)))
    assert worst < 0.2


def test_lips_never_cross_whatever_the_weights(rig: Rig) -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        weights = rng.uniform(0, 1, 52) * (rng.uniform(0, 1, 52) < 0.3)
        assert crossing_mm(rig.pose(weights).astype(np.float64)) < 0.2


def test_lips_cross_where_nothing_holds_them_apart(demo: Rig) -> None:
    weights = weights_of({"mouthPress": 1.0, "mouthShrugLower": 0.6}, demo.units)
    added = demo.topology.neutral + (weights @ demo.deltas).reshape(-1, 3)
    assert crossing_mm(added.astype(np.float64)) > 1.5, "otherwise the tests above say nothing"


def test_lips_meet_at_rest_with_the_teeth_hidden_behind_them(rig: Rig) -> None:
    rest = rig.topology.neutral.astype(np.float64)
    assert gap_mm(rest, 0) < 0.3
    rings = mouth_rings()
    lip_line = rest[rings.ring(0)[rings.upper[len(rings.upper) // 2]]]
    upper = rest[rig.topology.sets["upper_teeth"]]
    lower = rest[rig.topology.sets["lower_teeth"]]
    front = upper[np.abs(upper[:, 0]) < 0.5]
    assert 0.1 < lip_line[1] - front[:, 1].min() < 0.3, "the upper incisors' edge a little below the lips' line"
    assert lip_line[2] - front[:, 2].max() > 0.2, "and behind it"
    assert lower[np.abs(lower[:, 0]) < 0.5, 2].max() < front[front[:, 1].argmin(), 2], "the lower ones behind the upper"
    inner = rest[rings.span(-4, -1)].reshape(-1, 3)
    for arch in rig.teeth:
        assert np.abs(arch.out_of_wall(inner, 0.0, 0.1)).max() == 0


def test_the_lower_lip_reaches_the_upper_teeth_and_the_upper_lip_clears_them(demo: Rig) -> None:
    pose = demo.pose(weights_of({"jawOpen": 0.1}, demo.units), lip_to_teeth=1.0).astype(np.float64)
    rings = mouth_rings()
    edge = demo.teeth[0].edge(np.zeros(1))[0]
    lower = pose[rings.span(-1, 1)[:, rings.lower[len(rings.lower) // 2]]]
    upper = pose[rings.ring(0)[rings.upper[len(rings.upper) // 2]]]
    assert np.linalg.norm(lower - edge, axis=1).min() < 0.25
    assert lower[:, 1].max() < edge[1] + 0.1, "the lip is under the edge rather than before the teeth"
    assert upper[1] > lower[:, 1].max() + 0.05


def test_a_blink_shuts_both_lids_at_every_gaze(rig: Rig) -> None:
    pairs = rig.topology.sets["lid_pairs"]
    for gaze in GAZES:
        for more in ({}, {"eyeSquint": 1.0, "cheekSquint": 1.0, "browDown": 1.0}, {"eyeWide": 1.0}):
            pose = rig.pose(weights_of({"eyeBlink": 1.0, **gaze, **more}, rig.units))
            gaps_mm = 10 * np.linalg.norm(pose[pairs[:, 0]] - pose[pairs[:, 1]], axis=1)
            assert gaps_mm.max() < 0.3, (gaze, more)


def test_a_blink_closes_steadily(demo: Rig) -> None:
    pairs = demo.topology.sets["lid_pairs"]
    widths = []
    for blink in np.linspace(0, 1, 11):
        pose = demo.pose(weights_of({"eyeBlink": float(blink)}, demo.units))
        widths.append(np.linalg.norm(pose[pairs[:, 0]] - pose[pairs[:, 1]], axis=1).max())
    assert (np.diff(widths) < 0).all()


def test_lids_stay_outside_the_eyeball_and_its_cornea(rig: Rig) -> None:
    rng = np.random.default_rng(2)
    poses = [{"eyeBlink": share, **gaze} for share in (0.0, 0.3, 0.6, 0.9) for gaze in GAZES]
    poses += [{"eyeWide": 1.0}, {"eyeSquint": 1.0, "cheekSquint": 1.0}]
    vectors = [weights_of(pose, rig.units) for pose in poses]
    vectors += [rng.uniform(0, 1, 52) * (rng.uniform(0, 1, 52) < 0.3) for _ in range(30)]
    for weights in vectors:
        pose = rig.pose(weights).astype(np.float64)
        for side in (0, 1):
            rows = eye_rings(side).span(-1, 8).ravel()
            away = pose[rows] - rig.eye_centres[side]
            far = np.linalg.norm(away, axis=1)
            ball = rig.eye_radii[side] + cornea_cm(away @ rig.gaze(weights, side) / far)
            assert (far - ball).min() > 0.005


def test_a_blink_follows_the_ball_rather_than_the_chord(demo: Rig) -> None:
    rings = eye_rings(0)
    rows = rings.ring(0)[rings.upper[4:10]]
    heights = []
    for blink in (0.0, 0.5, 1.0):
        pose = demo.pose(weights_of({"eyeBlink": blink}, demo.units)).astype(np.float64)
        heights.append(np.linalg.norm(pose[rows] - demo.eye_centres[0], axis=1))
    np.testing.assert_allclose(heights[1], (heights[0] + heights[2]) / 2, atol=0.06)
    ends = [demo.pose(weights_of({"eyeBlink": b}, demo.units))[rows].astype(np.float64) for b in (0.0, 1.0)]
    chord = np.linalg.norm((ends[0] + ends[1]) / 2 - demo.eye_centres[0], axis=1)
    assert (heights[1] - chord).max() > 0.03


def test_the_tongue_passes_over_the_lower_teeth_and_lip_and_under_the_upper_teeth(rig: Rig) -> None:
    for weights in ({"tongueOut": 1.0}, {"tongueOut": 1.0, "jawOpen": 0.6}):
        pose = rig.pose(weights_of(weights, rig.units)).astype(np.float64)
        sets, rings = rig.topology.sets, mouth_rings()
        tongue = pose[sets["tongue"]]
        lip = pose[rings.ring(0)[rings.lower[len(rings.lower) // 2]]]
        assert tongue[:, 2].max() > lip[2] + 0.5, "it is out"
        for row, is_below in (("lower_teeth", False), ("upper_teeth", True)):
            teeth = pose[sets[row]]
            front = teeth[(np.abs(teeth[:, 0]) < 0.3)]
            edge = front[front[:, 1].argmin() if is_below else front[:, 1].argmax()]
            near = tongue[(np.abs(tongue[:, 2] - edge[2]) < 0.45) & (np.abs(tongue[:, 0]) < 1.0)]
            assert len(near)
            assert (near[:, 1].max() < edge[1] + 0.1) if is_below else (near[:, 1].min() > edge[1] - 0.1), (
                row,
                weights,
            )
        over = tongue[(np.abs(tongue[:, 2] - lip[2]) < 0.3) & (np.abs(tongue[:, 0]) < 0.8)]
        assert over[:, 1].min() > lip[1] - 0.1


def test_corrections_leave_no_spikes(demo: Rig) -> None:
    edges = np.concatenate([demo.topology.faces[:, [0, 1]], demo.topology.faces[:, [1, 2]]])
    near = np.isin(edges, np.concatenate([demo.topology.sets[name] for name in ("lips", "lids")])).all(1)
    rest = np.linalg.norm(np.subtract(*demo.topology.neutral[edges[near]].transpose(1, 0, 2)), axis=1)
    for weights, seal in (({"jawOpen": 0.3}, 1.0), ({"eyeBlink": 1.0}, 0.0), ({"mouthPress": 1.0}, 0.0)):
        pose = demo.pose(weights_of(weights, demo.units), lip_seal=seal)
        length = np.linalg.norm(np.subtract(*pose[edges[near]].transpose(1, 0, 2)), axis=1)
        assert np.quantile(length / np.maximum(rest, 0.1), 0.999) < 4
        assert (length - rest).max() < 0.6


@pytest.mark.parametrize(
    "weights",
    [
        {"jawOpen": 0.3}, {"eyeBlink": 1.0}, {"tongueOut": 1.0}, {"mouthPress": 1.0}, {"mouthShrugLower": 1.0},
        {"mouthUpperUp": 1.0, "mouthSmile": 1.0}, {"mouthFunnel": 1.0, "jawOpen": 0.2}, {"eyeSquint": 1.0},
    ],
)  # fmt: skip
def test_a_slow_movement_has_no_jumps(demo: Rig, weights: dict[str, float]) -> None:
    target = weights_of(weights, demo.units)
    poses = np.stack([demo.pose(share * target) for share in np.linspace(0, 1, 61)])
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=2)
    assert steps.max() < 0.12, "centimetres in a sixtieth of the way"


def test_named_sets_are_the_same_rows_for_every_actor(demo: Rig) -> None:
    for actor in ACTORS[1:5]:
        sets = build_rig(actor).topology.sets
        assert sets.keys() == demo.topology.sets.keys()
        for name, rows in sets.items():
            np.testing.assert_array_equal(rows, demo.topology.sets[name])


def test_contact_pairs_lie_close_and_belong_to_lips_and_lids(demo: Rig) -> None:
    sets = demo.topology.sets
    np.testing.assert_array_equal(sets["contact_pairs"], np.concatenate([sets["lip_pairs"], sets["lid_pairs"]]))
    rest = demo.topology.neutral
    assert np.linalg.norm(rest[sets["lip_pairs"][:, 0]] - rest[sets["lip_pairs"][:, 1]], axis=1).max() < 0.3
    assert (rest[sets["lid_pairs"][:, 0], 1] >= rest[sets["lid_pairs"][:, 1], 1] - 0.02).all()
    assert len(np.unique(sets["lid_pairs"])) == sets["lid_pairs"].size
    away = cKDTree(rest[sets["lips"]]).query(rest[sets["lip_pairs"]].reshape(-1, 3))[0]
    assert away.max() < 0.3


def test_opposed_units_cancel_and_a_mouth_closes_no_further_than_it_is_open(demo: Rig) -> None:
    both = weights_of({"jawLeft": 0.7, "jawRight": 0.7, "mouthLeft": 0.4, "mouthRight": 0.4}, demo.units)
    np.testing.assert_array_equal(demo.pose(both), demo.topology.neutral)
    closed = weights_of({"mouthClose": 1.0, "jawOpen": 0.3}, demo.units)
    np.testing.assert_array_equal(
        demo.pose(closed), demo.pose(weights_of({"mouthClose": 0.3, "jawOpen": 0.3}, demo.units))
    )


def test_more_weight_never_moves_less_through_the_couplings(demo: Rig) -> None:
    rng = np.random.default_rng(9)
    for index in range(52):
        weights = rng.uniform(0, 0.9, 52)
        weights[[demo.units.index(name) for name in ("jawOpen", "tongueOut")]] = 0.2
        ramp = []
        for value in np.linspace(0, 1, 6):
            weights[index] = value
            ramp.append(demo.couplings.apply(weights, 0.0, 0.0)[index])
        assert (np.diff(ramp) >= -1e-12).all(), demo.units[index]


def test_the_same_weights_give_the_same_mesh_bit_for_bit(demo: Rig) -> None:
    weights = np.random.default_rng(1).uniform(0, 0.5, 52)
    first, again = demo.pose(weights, 0.4, 0.2), build_rig(identity_of("demo")).pose(weights, 0.4, 0.2)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
