"""Does the fit find again what was put before the camera?"""

from dataclasses import replace

import numpy as np
import pytest

from engine.mesh import distances_mm, rmse_mm
from tests.bootstrap.conftest import CAMERA, SCORED, posed, sight, truths
from training.actor.curves import weights_of
from training.bootstrap.face_space import NUM_DIRECTIONS, face_space
from training.bootstrap.frame_fit import errors_px, first_guess, fit_frame
from training.bootstrap.head_fit import NUM_ROUNDS, fit_head
from training.bootstrap.landmark_places import OUTER_CORNERS, landmark_places

UPPER_LIP, CHIN, NOSE_TIP, LEFT_IRIS = 0, 152, 1, 473


def solved(points, seen, num_steps=8):
    guess = first_guess(points, CAMERA, seen, points.at(np.zeros(len(seen.scores))))
    return fit_frame(points, CAMERA, seen, guess, num_steps)


def mesh_error_mm(points, one, other):
    animated = points.rig.topology.animated
    return rmse_mm(distances_mm(points.rig.pose(one)[animated], points.rig.pose(other)[animated]))


def test_places_lie_where_their_names_say(mean_head):
    at = {number: mean_head.at(np.zeros(52))[mean_head.places.row(number)] for number in (UPPER_LIP, NOSE_TIP)}
    right, left = (mean_head.at(np.zeros(52))[mean_head.places.row(number)] for number in OUTER_CORNERS)
    assert left[0] > 3 > -3 > right[0]
    assert abs(left[1] - right[1]) < 0.3
    assert abs(at[NOSE_TIP][0]) < 0.2
    assert at[NOSE_TIP][2] > at[UPPER_LIP][2] > left[2]
    assert left[1] > at[NOSE_TIP][1] > at[UPPER_LIP][1]


def test_an_eye_that_looks_aside_takes_its_iris_along(mean_head):
    row = mean_head.places.row(LEFT_IRIS)
    aside = weights_of({"eyeLookOutLeft": 1.0}, mean_head.rig.units)
    moved = mean_head.at(aside)[row] - mean_head.at(np.zeros(52))[row]
    assert moved[0] > 0.3  # outwards is the actor's left


def test_slopes_of_the_pose_are_those_of_small_changes():
    points = np.random.default_rng(0).normal(0, 5, (6, 3))
    pose = posed((12, -8, 5), (1, 2, -60))
    slopes = CAMERA.slopes(pose.place(points)) @ pose.slopes(points)
    for axis in range(6):
        step = np.zeros(6)
        step[axis] = 1e-5
        change = CAMERA.project(pose.moved(step).place(points)) - CAMERA.project(pose.moved(-step).place(points))
        np.testing.assert_allclose(slopes[:, :, axis], change / 2e-5, atol=1e-6)


@pytest.mark.parametrize("face", range(8))
def test_a_frame_is_found_again_without_a_first_guess(mean_head, face):
    truth = truths(mean_head)[face]
    fit = solved(mean_head, sight(mean_head, truth.weights, truth.pose))
    seen = sight(mean_head, truth.weights, truth.pose)
    assert np.abs(errors_px(mean_head, CAMERA, seen, fit)).mean() < 0.4
    # Landmarks go on from what the scores say, which alone is wrong by a fifth.
    by_scores = mesh_error_mm(mean_head, SCORED * truth.weights, truth.weights)
    assert mesh_error_mm(mean_head, fit.weights, truth.weights) < max(0.8 * by_scores, 0.25)
    assert np.degrees(np.arccos(np.clip((np.trace(fit.pose.turn.T @ truth.pose.turn) - 1) / 2, -1, 1))) < 1.0


def test_a_units_score_decides_where_landmarks_tell_nothing(mean_head):
    units = mean_head.rig.units
    seen = sight(mean_head, np.zeros(52), posed())
    scores = np.zeros(52)
    scores[units.index("cheekPuff")], scores[units.index("tongueOut")] = 0.0, -1.0
    fit = fit_frame(mean_head, CAMERA, type(seen)(seen.landmarks, seen.unit_px, scores), solved(mean_head, seen), 3)
    assert fit.weights[units.index("tongueOut")] == pytest.approx(0.0, abs=1e-6)
    assert (fit.weights >= 0).all()
    assert (fit.weights <= 1).all()


def test_a_smile_is_a_smile_on_a_head_not_known_yet(mean_head, other_head):
    units = mean_head.rig.units
    grin = weights_of({"mouthSmile": 0.8, "jawOpen": 0.2}, units)
    fit = solved(mean_head, sight(other_head, grin, posed()))
    for unit in ("mouthSmileLeft", "mouthSmileRight", "jawOpen"):
        assert fit.weights[units.index(unit)] == pytest.approx(SCORED * grin[units.index(unit)], abs=0.2)


def test_brows_go_by_landmarks_whatever_the_scores_say(mean_head):
    raised = weights_of({"browInnerUp": 0.6, "browOuterUp": 0.5}, mean_head.rig.units)
    seen = replace(sight(mean_head, raised, posed()), scores=np.zeros(52))
    assert mesh_error_mm(mean_head, solved(mean_head, seen).weights, raised) < 0.4 * mesh_error_mm(
        mean_head, np.zeros(52), raised
    )


def test_a_few_pixels_of_noise_move_the_mesh_by_little(mean_head):
    truth = truths(mean_head)[2]
    fit = solved(mean_head, sight(mean_head, truth.weights, truth.pose, noise_px=0.5, seed=3))
    assert mesh_error_mm(mean_head, fit.weights, truth.weights) < 1.0


def test_another_head_and_another_lens_are_found(other_head):
    fits = truths(other_head)
    seen = [sight(other_head, fit.weights, fit.pose) for fit in fits]
    told = []
    head = fit_head(face_space(), landmark_places(), seen, (640, 480), "other", told.append)
    assert told == [1] * NUM_ROUNDS
    assert head.camera.focal_px == pytest.approx(CAMERA.focal_px, rel=0.15)
    errors = [np.abs(errors_px(head.points, head.camera, s, f)).mean() for s, f in zip(seen, head.fits, strict=True)]
    assert max(errors) < 0.5
    # A lens can be taken for a size, so heads are compared at one size.
    truth, found = (p.rig.topology.neutral[p.rig.topology.sets["face"]] for p in (other_head, head.points))
    mean = face_space().identity("mean", np.zeros(NUM_DIRECTIONS))
    assert mean.targets.keys() == head.points.rig.identity.targets.keys()
    assert shape_error_mm(found, truth) < 2.0


def shape_error_mm(one, other):
    one, other = (points.astype(np.float64) - points.mean(0) for points in (one, other))
    left, stretch, right = np.linalg.svd(one.T @ other)
    turn = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    scale = stretch.sum() / (one**2).sum()
    return 10 * float(np.sqrt(((scale * one @ turn - other) ** 2).sum(1).mean()))
