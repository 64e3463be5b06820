import numpy as np
import pytest

from engine.errors import ActorError
from training.actor.atlas import island_mask
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.actor.curves import weights_of


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


def posed(rig: Rig, **named: float) -> np.ndarray:
    return rig.pose(weights_of(named, rig.units))


def test_the_head_has_the_mesh_the_product_promises(rig: Rig) -> None:
    assert rig.topology.num_vertices == 5043
    assert len(rig.topology.faces) == 2 * 4968
    assert len(rig.units) == 52
    assert np.linalg.matrix_rank(rig.deltas) >= 50, "looking in and out may move the lids alike"
    low, high = rig.topology.neutral.min(0), rig.topology.neutral.max(0)
    assert 25 < high[1] - low[1] < 45, "centimetres: a head with neck and shoulders"


def test_every_unit_moves_the_face_by_millimetres_and_rest_is_the_neutral(rig: Rig) -> None:
    np.testing.assert_array_equal(rig.pose(np.zeros(52)), rig.topology.neutral)
    for index, unit in enumerate(rig.units):
        moved = rig.pose(np.eye(52)[index]) - rig.topology.neutral
        assert np.linalg.norm(moved, axis=1).max() > 0.08, unit


def test_eyes_turn_about_their_centres_rather_than_slide(rig: Rig) -> None:
    looking = posed(rig, eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    for side, name in enumerate(("left_eye", "right_eye")):
        rows = rig.topology.sets[name]
        before = np.linalg.norm(rig.topology.neutral[rows] - rig.eye_centres[side], axis=1)
        after = np.linalg.norm(looking[rows] - rig.eye_centres[side], axis=1)
        np.testing.assert_allclose(after, before, atol=1e-4)
        front = rows[rig.topology.neutral[rows, 2].argmax()]
        assert looking[front, 0] - rig.topology.neutral[front, 0] > 0.4, "to the actor's left is +x for both eyes"


def test_a_blink_closes_the_lids_and_an_open_jaw_parts_the_lips(rig: Rig) -> None:
    pairs = rig.topology.sets["contact_pairs"]
    lips = np.isin(pairs[:, 0], rig.topology.sets["lips"])

    def gap(vertices: np.ndarray, of: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(vertices[pairs[of, 0]] - vertices[pairs[of, 1]], axis=1)))

    rest = rig.topology.neutral
    assert gap(posed(rig, eyeBlink=1.0), ~lips) < 0.5 * gap(rest, ~lips)
    assert gap(posed(rig, jawOpen=1.0), lips) > 1.0 > gap(rest, lips)


def test_the_jaw_takes_lower_teeth_and_tongue_along_and_leaves_the_upper_teeth(rig: Rig) -> None:
    moved = np.linalg.norm(posed(rig, jawOpen=1.0) - rig.topology.neutral, axis=1)
    teeth = rig.topology.sets["teeth"]
    heights = rig.topology.neutral[teeth, 1]
    assert moved[teeth[heights.argmin()]] > 1.5
    assert moved[teeth[heights.argmax()]] < 0.01
    assert moved[rig.topology.sets["tongue"]].max() > 1.5


def test_a_closed_lid_does_not_follow_the_gaze(rig: Rig) -> None:
    lids = rig.topology.sets["lids"]
    np.testing.assert_allclose(
        posed(rig, eyeBlink=1.0, eyeLookDown=1.0)[lids], posed(rig, eyeBlink=1.0)[lids], atol=1e-4
    )


def test_named_sets_lie_where_their_names_say(rig: Rig) -> None:
    middle = {name: rig.topology.neutral[rows].mean(0) for name, rows in rig.topology.sets.items() if rows.ndim == 1}
    assert middle["brows"][1] > middle["eyes"][1] > middle["nose"][1] > middle["lips"][1] > middle["jaw"][1]
    animated = set(rig.topology.sets["animated"].tolist())
    for name in ("lips", "lids", "brows", "jaw", "cheeks", "eyes"):
        rows = rig.topology.sets[name].tolist()
        assert len(animated.intersection(rows)) > 0.98 * len(rows), name


def test_the_atlas_overlaps_nowhere(rig: Rig) -> None:
    uv = rig.topology.uv
    assert uv.min() >= 0
    assert uv.max() <= 1
    head = island_mask(uv, "head")
    assert 0.5 < head.mean() < 0.8
    # Triangles of the flattened head keep one orientation: nothing is folded.
    corners = uv[rig.topology.uv_faces[head[rig.topology.uv_faces].all(1)]].astype(np.float64)
    edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    assert (np.sign(area) == np.sign(np.median(area))).mean() > 0.98


def test_an_unknown_actor_is_named_with_those_that_exist() -> None:
    with pytest.raises(ActorError, match=r"no virtual actor 'nobody'.*demo"):
        identity_of("nobody")
