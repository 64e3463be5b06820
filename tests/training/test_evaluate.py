from dataclasses import replace

import numpy as np
import pytest

from engine.shots import FRONT
from tests.training.tiny_data import CROP, INPUT, write_tiny_data
from training.crops import cache_shot, choose_frames
from training.evaluate import measure


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("evaluate") / "tiny", 12)


@pytest.fixture(scope="module")
def choice(data):
    return choose_frames(
        tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, data.folder / ".crops") for shot in data.training), None
    )


def truth_of(choice):
    """Finds a frame's truth by its picture, as a perfect network would."""
    known = {choice.crop(index).tobytes(): choice.vertices(index) for index in range(len(choice))}
    return lambda crops: np.stack([known[crop[0].tobytes()] for crop in crops])


def test_a_perfect_network_has_no_error(choice, data):
    evaluation = measure(choice, data.topology, truth_of(choice))
    assert evaluation.rmse_mm == evaluation.mean_mm == 0.0
    assert evaluation.mean_face_rmse_mm > 1.0


def test_an_error_of_one_axis_is_measured_in_millimetres(choice, data):
    perfect = truth_of(choice)
    evaluation = measure(choice, data.topology, lambda crops: perfect(crops) + np.float32([0.1, 0, 0]), 7)
    assert evaluation.rmse_mm == pytest.approx(1.0, rel=1e-4)
    assert evaluation.mean_mm == pytest.approx(1.0, rel=1e-4)


def test_only_animated_vertices_count(choice, data):
    perfect = truth_of(choice)

    def wrong_at_rest(crops):
        vertices = perfect(crops).copy()
        vertices[:, :4] += 5.0  # the tiny actor's first four vertices are not animated
        return vertices

    assert measure(choice, data.topology, wrong_at_rest).rmse_mm == 0.0
    everything = replace(data.topology, sets={})
    assert measure(choice, everything, wrong_at_rest).rmse_mm > 20.0


def test_the_mean_face_is_the_best_that_never_moves(choice, data):
    meshes = np.stack([choice.vertices(index) for index in range(len(choice))])
    still = measure(choice, data.topology, lambda crops: np.broadcast_to(meshes.mean(axis=0), (len(crops), 40, 3)))
    assert still.rmse_mm == pytest.approx(still.mean_face_rmse_mm, rel=1e-4)
    neutral = measure(choice, data.topology, lambda crops: np.broadcast_to(data.topology.neutral, (len(crops), 40, 3)))
    assert neutral.rmse_mm > still.mean_face_rmse_mm
