from dataclasses import replace

import numpy as np
import pytest

from engine.mesh import Topology
from tests.panel.faces import ANIMATED, FACE, at_rest, lively, moved, panel_of, shot
from training.panel.distances import aligned_squares_mm2


def turned(meshes, angle_deg):
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return meshes @ turn.T


def test_a_perfect_result_has_no_error_anywhere():
    panel = panel_of(shot(lively(90), lively(90)))
    assert panel.overall.rmse_mm == panel.overall.max_mm == 0.0
    assert panel.aligned.rigid_mm == pytest.approx(0, abs=1e-5)
    assert panel.attenuation == pytest.approx(1.0, abs=1e-6)
    assert panel.jerk_ratio == pytest.approx(1.0)


def test_a_shift_is_the_distance_it_shifts_by_and_alignment_takes_it_away():
    truth = lively(70)
    panel = panel_of(shot(truth, moved(truth, 0.03, 0.04, 0.12)))
    assert panel.rmse_mm == pytest.approx(1.3, rel=1e-4)
    assert panel.overall.mean_mm == pytest.approx(1.3, rel=1e-4)
    assert panel.overall.p95_mm == pytest.approx(1.3, abs=0.003)
    assert panel.overall.image_plane_mm == pytest.approx(0.5, rel=1e-3)
    assert panel.overall.depth_mm == pytest.approx(1.2, rel=1e-4)
    assert panel.aligned.rigid_mm == pytest.approx(0, abs=1e-3)
    assert [region.distances.rmse_mm for region in panel.regions] == pytest.approx([1.3] * 6, rel=1e-4)


def test_rmse_is_the_root_of_the_mean_square_over_all_frames_and_vertices():
    truth, solved = at_rest(100), at_rest(100)
    solved[:25, ANIMATED, 0] += 0.2  # 2 mm in a quarter of the frames
    panel = panel_of(shot(truth, solved))
    assert panel.rmse_mm == pytest.approx(1.0, rel=1e-4)
    assert panel.overall.mean_mm == pytest.approx(0.5, rel=1e-4)
    assert panel.overall.max_mm == pytest.approx(2.0, rel=1e-4)


def test_percentiles_are_those_of_all_distances():
    truth, solved = at_rest(100), at_rest(100)
    solved[:, ANIMATED, 0] += np.linspace(0, 1, 100)[:, None]
    assert panel_of(shot(truth, solved)).overall.p95_mm == pytest.approx(9.5, abs=0.1)


def test_vertices_that_are_not_animated_do_not_count():
    solved = at_rest(10)
    solved[:, 36:] += 5.0
    assert panel_of(shot(at_rest(10), solved)).rmse_mm == 0.0
    everything = replace(FACE, sets={})
    assert panel_of(shot(at_rest(10), solved), topology=everything).rmse_mm > 20.0


def test_a_wrong_region_is_told_by_name():
    solved = lively(20)
    solved[:, FACE.sets["nose"], 2] += 0.3
    panel = panel_of(shot(lively(20), solved))
    found = {region.name: region.distances.rmse_mm for region in panel.regions}
    assert found.pop("nose") == pytest.approx(3.0, rel=1e-4)
    assert set(found.values()) == {0.0}
    assert panel.rmse_mm == pytest.approx(3.0 * np.sqrt(4 / 36), rel=1e-4)


def test_rigid_alignment_undoes_a_turn_but_not_a_stretch_and_affine_undoes_both():
    truth = lively(5)
    rigid, affine = aligned_squares_mm2(moved(turned(truth, 7.0), 1, 2, 3), truth)
    assert np.sqrt(rigid) == pytest.approx(np.zeros(5), abs=1e-5)
    assert np.sqrt(affine) == pytest.approx(np.zeros(5), abs=1e-5)
    rigid, affine = aligned_squares_mm2(turned(truth * [1.0, 1.1, 1.0], 7.0), truth)
    assert (np.sqrt(rigid) > 0.5).all()
    assert np.sqrt(affine) == pytest.approx(np.zeros(5), abs=1e-5)


def test_a_mirrored_face_is_never_turned_into_the_right_one():
    truth = lively(3)
    rigid, _ = aligned_squares_mm2(truth * [-1, 1, 1], truth)
    assert (np.sqrt(rigid) > 5.0).all()


def test_a_flat_mesh_can_be_aligned():
    truth = at_rest(4) * [1, 1, 0]
    rigid, affine = aligned_squares_mm2(truth + 0.1, truth)
    assert np.sqrt(rigid) == pytest.approx(np.zeros(4), abs=1e-5)
    assert np.sqrt(affine) == pytest.approx(np.zeros(4), abs=1e-5)


def test_several_shots_count_by_their_frames():
    truth = at_rest(30)
    panel = panel_of(shot(truth, moved(truth, 0.2, 0, 0)), shot(at_rest(90), at_rest(90), "b"))
    assert panel.rmse_mm == pytest.approx(1.0, rel=1e-4)
    assert [one.rmse_mm for one in panel.shots] == pytest.approx([2.0, 0.0], rel=1e-4)
    assert (panel.num_frames, panel.shots[1].num_frames) == (120, 90)


def test_a_mesh_without_named_sets_is_measured_as_far_as_it_goes():
    bare: Topology = replace(FACE, sets={})
    panel = panel_of(shot(lively(40), moved(lively(40), 0.1, 0, 0)), topology=bare)
    assert panel.rmse_mm == pytest.approx(1.0, rel=1e-4)
    assert panel.regions == panel.contacts == ()
    assert panel.blinks is panel.talking is panel.calibration is None
    assert panel.worst_attenuation == pytest.approx(1.0)
