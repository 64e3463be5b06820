import numpy as np
import pytest

from engine.errors import ActorError
from training.actor.atlas import island_mask
from training.actor.curves import weights_of
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


def posed(rig: Rig, **named: float) -> np.ndarray:
    return rig.pose(weights_of(named, rig.units))


def test_the_head_has_the_mesh_the_product_promises(rig: Rig) -> None:
    assert rig.topology.num_vertices == 5043
    assert len(rig.topology.faces) == 2 * 4968
    assert len(rig.units) == 52
    low, high = rig.topology.neutral.min(0), rig.topology.neutral.max(0)
    assert 25 < high[1] - low[1] < 45, "centimetres: a head with neck and shoulders"


def test_every_unit_moves_the_face_by_millimetres_and_rest_is_the_neutral(rig: Rig) -> None:
    np.testing.assert_array_equal(rig.pose(np.zeros(52)), rig.topology.neutral)
    motions = []
    for index, unit in enumerate(rig.units):
        # What closes a mouth needs an open one.
        start = weights_of({"jawOpen": 1.0 if unit == "mouthClose" else 0.0}, rig.units)
        moved = rig.pose(np.maximum(start, np.eye(52)[index])) - rig.pose(start)
        assert np.linalg.norm(moved, axis=1).max() > 0.08, unit
        motions.append(moved.ravel())
    assert np.linalg.matrix_rank(np.array(motions)) == 52, "no unit is a mixture of others"


def test_eyes_turn_about_their_centres_rather_than_slide(rig: Rig) -> None:
    looking = posed(rig, eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    for side, name in enumerate(("left_eye", "right_eye")):
        rows = rig.topology.sets[name]
        before = np.linalg.norm(rig.topology.neutral[rows] - rig.eye_centres[side], axis=1)
        after = np.linalg.norm(looking[rows] - rig.eye_centres[side], axis=1)
        np.testing.assert_allclose(after, before, atol=1e-4)
        front = rows[rig.topology.neutral[rows, 2].argmax()]
        assert looking[front, 0] - rig.topology.neutral[front, 0] > 0.4, "to the actor's left is +x for both eyes"


def test_the_jaw_swings_teeth_and_tongue_rigidly_on_arcs_and_leaves_the_upper_teeth(rig: Rig) -> None:
    sets = rig.topology.sets
    carried = np.concatenate([sets["lower_teeth"], sets["tongue"]])
    rest = rig.topology.neutral[carried].astype(np.float64)
    full_deg = float(np.degrees(np.linalg.norm(rig.jaw.turns[0])))
    assert 17 < full_deg < 28
    for opening in (0.3, 0.6, 1.0):
        pose = posed(rig, jawOpen=opening, jawForward=0.4, jawLeft=0.5)
        np.testing.assert_array_equal(pose[sets["upper_teeth"]], rig.topology.neutral[sets["upper_teeth"]])
        turn, offset = _rigid(rest, pose[carried])
        assert np.abs(rest @ turn.T + offset - pose[carried]).max() < 1e-4
        angle_deg = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
        assert angle_deg == pytest.approx(full_deg * opening, abs=0.5)
    # On an arc, half an opening is not half way along the chord.
    front = sets["lower_teeth"][rig.topology.neutral[sets["lower_teeth"], 2].argmax()]
    start, half, full = (posed(rig, jawOpen=opening)[front] for opening in (0.0, 0.5, 1.0))
    assert 0.05 < np.linalg.norm(half - (start + full) / 2) < 0.5


def test_skin_follows_the_jaw_on_the_same_arc(rig: Rig) -> None:
    chin = rig.topology.sets["jaw"]
    chin = chin[rig.topology.neutral[chin, 2].argmax()]
    start, half, full = (posed(rig, jawOpen=opening)[chin].astype(np.float64) for opening in (0.0, 0.5, 1.0))
    from_axis = [np.linalg.norm((place - rig.jaw.pivot)[1:]) for place in (start, half, full)]
    chord = np.linalg.norm(((start + full) / 2 - rig.jaw.pivot)[1:])
    assert abs(from_axis[1] - np.mean([from_axis[0], from_axis[2]])) < 0.3 * (from_axis[0] - chord)


def _rigid(points: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from_middle, to_middle = points.mean(0), target.mean(0)
    u, _, vt = np.linalg.svd((points - from_middle).T @ (target - to_middle))
    turn = vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T
    return turn, to_middle - turn @ from_middle


def test_a_closed_lid_shows_the_gaze_only_by_the_bulge_of_the_cornea(rig: Rig) -> None:
    lids = rig.topology.sets["lids"]
    np.testing.assert_allclose(
        posed(rig, eyeBlink=1.0, eyeLookDown=1.0)[lids], posed(rig, eyeBlink=1.0)[lids], atol=0.08
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
