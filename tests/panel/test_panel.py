import json
import weakref
from dataclasses import replace

import numpy as np
import pytest

from tests.panel.faces import ANIMATED, FACE, RATE, at_rest, during, lively, moved, panel_of, shot, with_closed_lips
from training.panel import PanelTally, SolvedShot
from training.panel.worst import worst_frames


def test_metrics_carry_what_an_actor_states():
    meshes = with_closed_lips(lively(120), during(120, (20, 40)))
    panel = panel_of(shot(meshes, moved(meshes, 0.1, 0, 0)))
    metrics = panel.metrics()
    assert metrics["rmse_mm"] == pytest.approx(1.0, rel=1e-4)
    assert metrics["lips_mm"] == pytest.approx(1.0, rel=1e-4)
    assert metrics["mean_face_rmse_mm"] == panel.mean_face_rmse_mm > 1.0
    assert metrics["attenuation"] == pytest.approx(1.0, abs=1e-4)
    assert metrics["closure_f1"] == 1.0
    assert metrics["jitter_mm"] == panel.jitter.solved_mm
    assert metrics["validation_frames"] == 120
    assert all(isinstance(value, float) for value in metrics.values())


def test_what_could_not_be_measured_is_left_out_of_the_metrics():
    metrics = panel_of(shot(at_rest(1), at_rest(1))).metrics()
    assert "jitter_mm" not in metrics
    assert "closure_f1" not in metrics
    assert metrics["rmse_mm"] == 0.0


def test_a_panel_is_json_without_anything_that_is_not_json():
    panel = panel_of(shot(at_rest(3), at_rest(3)))
    values = json.loads(panel.to_json(), parse_constant=lambda name: pytest.fail(name))
    assert values["overall"]["rmse_mm"] == 0.0
    assert values["shots"][0]["curve_mm"] == [0.0, 0.0, 0.0]
    assert values["contacts"][0]["timing"]["num_true"] == 0


def test_an_empty_panel_is_refused():
    with pytest.raises(ValueError, match="no frame"):
        PanelTally(FACE).panel()


def test_meshes_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\[N, V, 3\]"):
        shot(at_rest(3), at_rest(4))


def wrong_at(num_frames, *frames_and_errors):
    solved = at_rest(num_frames)
    for frame, error_mm in frames_and_errors:
        solved[frame, ANIMATED, 0] += error_mm / 10
    return solved


def test_the_worst_frames_are_not_neighbours():
    neighbours = [(100 + k, 5.0 - 0.01 * k) for k in range(10)]
    panel = panel_of(shot(at_rest(300), wrong_at(300, *neighbours, (200, 2.0), (250, 1.0))))
    assert [one.frame for one in panel.worst[:3]] == [100, 200, 250]
    assert panel.worst[0].rmse_mm == pytest.approx(5.0, rel=1e-4)
    frames = sorted(one.frame for one in panel.worst)
    assert min(np.diff(frames)) > 30


def test_the_worst_frame_of_a_stretch_is_counted_in_its_shot():
    # Counted in the stretch, the page drew another frame than the one it named.
    whole = shot(at_rest(300), wrong_at(300, (120, 5.0)))
    part = slice(100, 200)
    stretch = replace(whole, truth=whole.truth[part], solved=whole.solved[part], first_frame=100)
    panel = panel_of(stretch)
    assert panel.worst[0].frame == 120
    assert panel.shots[0].first_frame == 100


def test_the_worst_frames_come_from_all_shots():
    bad = [(frame, 9.0) for frame in range(0, 600, 40)]
    panel = panel_of(shot(at_rest(600), wrong_at(600, *bad)), shot(at_rest(60), wrong_at(60, (30, 1.0)), "b"))
    assert ("b", 30) in [(one.shot, one.frame) for one in panel.worst]
    assert len(panel.worst) == 8
    assert panel.worst[0].rmse_mm >= panel.worst[-1].rmse_mm


def test_a_short_shot_gives_as_many_worst_frames_as_it_has():
    assert len(panel_of(shot(at_rest(40), at_rest(40))).worst) == 2
    assert worst_frames([], 8) == ()


def test_no_mesh_is_kept_so_that_an_hour_fits_in_memory():
    truth, solved = (lively(70, seed).astype(np.float32) for seed in (1, 2))
    kept = [weakref.ref(meshes) for meshes in (truth, solved)]
    tally = PanelTally(FACE)
    tally.add(SolvedShot("a", RATE, truth, solved))
    del truth, solved
    assert [reference() for reference in kept] == [None, None]
    assert tally.panel().num_frames == 70
