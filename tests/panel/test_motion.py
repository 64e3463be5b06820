import numpy as np
import pytest

from tests.panel.faces import ANIMATED, FACE, at_rest, lively, moved, panel_of, shot


def about_the_mean(meshes, factor):
    mean = meshes.mean(axis=0)
    return mean + factor * (meshes - mean)


def test_motion_scaled_about_its_mean_is_attenuated_by_that_scale():
    panel = panel_of(shot(lively(300), about_the_mean(lively(300), 0.9)))
    assert panel.attenuation == pytest.approx(0.9, abs=1e-5)
    assert [region.attenuation for region in panel.regions] == pytest.approx([0.9] * 6, abs=1e-5)


def test_the_worst_region_is_the_one_furthest_from_full_motion():
    solved = lively(300)
    lips, nose = FACE.sets["lips"], FACE.sets["nose"]
    solved[:, lips] = about_the_mean(solved[:, lips], 0.92)
    solved[:, nose] = about_the_mean(solved[:, nose], 1.2)
    panel = panel_of(shot(lively(300), solved))
    assert panel.worst_attenuation == pytest.approx(1.2, abs=1e-5)
    assert panel.region("lips").attenuation == pytest.approx(0.92, abs=1e-5)
    assert panel.region("jaw").attenuation == pytest.approx(1.0, abs=1e-5)


def test_a_constant_error_and_noise_do_not_attenuate():
    noise = np.random.default_rng(3).normal(0, 0.05, (3000, 40, 3))
    panel = panel_of(shot(lively(3000), moved(lively(3000), 0, 0.5, 0) + noise))
    assert panel.attenuation == pytest.approx(1.0, abs=0.01)


def test_a_face_that_never_moves_has_no_motion_and_the_mean_face_s_error():
    truth = lively(200)
    panel = panel_of(shot(truth, np.broadcast_to(truth.mean(axis=0), truth.shape)))
    assert panel.attenuation == pytest.approx(0.0, abs=1e-5)
    assert panel.rmse_mm == pytest.approx(panel.mean_face_rmse_mm, rel=1e-4)
    assert panel.mean_face_rmse_mm > 1.0
    for region in panel.regions:
        assert region.distances.rmse_mm == pytest.approx(region.mean_face_rmse_mm, rel=1e-3)


def test_the_mean_face_is_that_of_all_shots_together():
    low, high = at_rest(50), at_rest(50)
    low[:, ANIMATED, 1] -= 0.1
    high[:, ANIMATED, 1] += 0.1
    panel = panel_of(shot(low, low), shot(high, high, "b"))
    assert panel.mean_face_rmse_mm == pytest.approx(1.0, rel=1e-4)


def test_a_region_that_stands_still_has_no_attenuation():
    truth = lively(100)
    truth[:, FACE.sets["nose"]] = FACE.neutral[FACE.sets["nose"]]
    panel = panel_of(shot(truth, truth))
    assert panel.region("nose").attenuation is None
    assert panel.region("lips").attenuation == pytest.approx(1.0)


def test_late_motion_is_attenuated_too():
    truth = lively(400)
    assert panel_of(shot(truth[:-6], truth[6:])).attenuation < 0.8
