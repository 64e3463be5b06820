import numpy as np
import pytest

from tests.panel.faces import FACE, at_rest, panel_of, shot
from training.panel.face import Face


def test_lip_vertex_error_is_the_mean_of_the_worst_lip_vertex_of_every_frame():
    solved = at_rest(10)
    solved[:, 0, 0] += 0.1  # a lip vertex 1 mm off in all frames
    solved[:5, 1, 1] += 0.3  # another 3 mm off in half of them
    solved[:, 30, 1] += 2.0  # not a lip
    talking = panel_of(shot(at_rest(10), solved)).talking
    assert talking.lip_vertex_error_mm == pytest.approx(2.0, rel=1e-4)
    assert talking.lip_vertex_error_mm2 == pytest.approx((9 + 1) / 2, rel=1e-4)


def test_upper_face_dynamics_are_the_spread_of_the_motion_s_length():
    upper = Face.of(FACE).upper_face
    lengths_cm = np.where(np.arange(20) < 10, 0.1, 0.3)  # standard deviation 1 mm; of the squares (1, 9) 4 mm2
    truth = at_rest(20)
    truth[:, upper, 1] += lengths_cm[:, None]
    still = panel_of(shot(truth, at_rest(20))).talking
    assert still.upper_face_dynamics_mm == pytest.approx(1.0, rel=1e-3)
    assert still.upper_face_dynamics_mm2 == pytest.approx(4.0, rel=1e-3)
    same = panel_of(shot(truth, truth)).talking
    assert same.upper_face_dynamics_mm == 0.0
    wild = panel_of(shot(at_rest(20), truth)).talking
    assert wild.upper_face_dynamics_mm == pytest.approx(-1.0, rel=1e-3)


def test_the_lower_face_has_no_part_in_upper_face_dynamics():
    truth = at_rest(20)
    truth[:10, FACE.sets["lips"], 1] -= 0.5
    assert panel_of(shot(truth, at_rest(20))).talking.upper_face_dynamics_mm == 0.0


def test_shots_count_alike_in_upper_face_dynamics_however_long_they_are():
    upper = Face.of(FACE).upper_face
    short = at_rest(20)
    short[:10, upper, 1] += 0.2
    talking = panel_of(shot(short, at_rest(20)), shot(at_rest(180), at_rest(180), "b")).talking
    assert talking.upper_face_dynamics_mm == pytest.approx(0.5, rel=1e-3)
