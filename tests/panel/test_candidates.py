"""Candidates and their comparison, on the tiny data set."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import LiveDoubleError, ShotError
from tests.training.tiny_data import NUM_VERTICES, write_tiny_data
from training.actor.identity import identity_of
from training.actor.rig import build_rig
from training.panel.candidate import (
    Basis,
    Candidate,
    Kind,
    Solved,
    Stretch,
    best_in_basis,
    compare,
    mean_face,
    stretches,
)
from training.panel.tracker import tracked_head, why_untracked
from training.trackers import Reading


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("candidates") / "tiny", 24)


def nothing(_):
    pass


def oracle(name="oracle", shift_cm=0.0):
    return Candidate(
        name, Kind.NETWORK, "knows the truth", lambda shot, frames, _: Solved(Stretch(shot, frames).truth() + shift_cm)
    )


def principal(shots, num_directions):
    meshes = np.concatenate([shot.vertices() for shot in shots]).reshape(-1, 3 * NUM_VERTICES)
    mean = meshes.mean(axis=0)
    return Basis(mean, np.linalg.svd(meshes - mean, full_matrices=False)[2][:num_directions])


def test_all_are_measured_on_the_same_frames(data):
    chosen = stretches(data.shots, None)
    done = []
    perfect, off = compare(chosen, data.topology, [oracle(), oracle("off", 0.1)], done.append)
    assert (perfect.name, perfect.panel.rmse_mm) == ("oracle", 0.0)
    assert off.panel.rmse_mm == pytest.approx(np.sqrt(3), rel=1e-4)
    assert perfect.panel.num_frames == off.panel.num_frames == 24 + 24 + 12
    assert [shot.name for shot in off.panel.shots] == ["a", "b", "v"]


def test_the_mean_face_has_the_error_that_every_panel_tells(data):
    chosen = stretches(data.shots, None)
    measured, known = compare(chosen, data.topology, [mean_face(chosen), oracle()], nothing)
    assert measured.panel.rmse_mm == pytest.approx(known.panel.mean_face_rmse_mm, rel=1e-4)
    assert measured.panel.attenuation == pytest.approx(0.0, abs=1e-5)
    assert measured.panel.rmse_mm > 1.0


def test_the_best_in_the_basis_is_perfect_where_the_basis_holds_everything(data):
    chosen = stretches(data.shots, None)
    (whole,) = compare(chosen, data.topology, [best_in_basis(principal(data.shots, 6), data.topology, "n")], nothing)
    assert whole.panel.rmse_mm < 0.01


def test_the_best_in_the_basis_beats_any_other_latents_and_the_mean_face(data):
    chosen, basis = stretches(data.shots, None), principal(data.shots, 1)

    def perturbed(shot, frames, _):
        truth = Stretch(shot, frames).truth().reshape(len(frames), -1)
        latents = (truth - basis.mean) @ basis.directions.T * 1.1
        return Solved((latents @ basis.directions + basis.mean).reshape(len(frames), -1, 3).astype(np.float32))

    best, other, still = compare(
        chosen,
        data.topology,
        [
            best_in_basis(basis, data.topology, "n"),
            Candidate("other", Kind.NETWORK, "", perturbed),
            mean_face(chosen),
        ],
        nothing,
    )
    assert 0.1 < best.panel.rmse_mm < other.panel.rmse_mm
    assert best.panel.rmse_mm < still.panel.rmse_mm


def test_directions_that_are_all_zero_do_no_harm(data):
    basis = principal(data.shots, 6)
    padded = replace(basis, directions=np.concatenate([basis.directions, np.zeros((4, 3 * NUM_VERTICES), np.float32)]))
    (best,) = compare(stretches(data.shots, None), data.topology, [best_in_basis(padded, data.topology, "n")], nothing)
    assert best.panel.rmse_mm < 0.01


def test_fewer_frames_are_an_unbroken_stretch_from_the_middle_of_every_shot(data):
    assert [stretch.frames for stretch in stretches(data.shots, 15)] == [range(9, 15), range(9, 15), range(4, 7)]
    assert [len(stretch.frames) for stretch in stretches(data.shots, 10_000)] == [24, 24, 12]
    assert [len(stretch.frames) for stretch in stretches(data.shots, 1)] == [1, 1, 1]


class Eye:
    """A tracker that reads a smile of the pictures' length, and loses the face in some."""

    name = "Eye"

    def __init__(self, lost=()):
        self._lost, self._num = set(lost), 0

    def find(self, picture):
        self._num += 1
        if self._num - 1 in self._lost:
            return None
        assert picture.ndim in (2, 3)
        return Reading(np.zeros((5, 2)), {"jawOpen": self._num / 100})

    def close(self):
        pass


def test_a_filmed_actor_cannot_be_driven_by_scores(data):
    assert "no rig" in why_untracked(data)


def test_scores_move_the_rig_and_a_lost_face_keeps_its_last_expression(data):
    demo = replace(data, actor="demo")
    head = tracked_head(demo, Eye(lost={2}))
    shot, done = data.shots[0], []
    vertices = head.solve(shot, range(4), done.append).vertices
    assert vertices.shape[0] == 4
    assert sum(done) == 4
    assert np.array_equal(vertices[1], vertices[2])
    assert np.abs(vertices[3] - vertices[1]).max() > 0.01
    rig = build_rig(identity_of("demo"))
    weights = np.zeros(len(rig.units), np.float32)
    weights[rig.units.index("jawOpen")] = 0.02
    assert np.array_equal(vertices[1], rig.pose(weights))


def test_a_tracker_without_scores_and_a_movie_that_ends_early_are_refused(data):
    demo = replace(data, actor="demo")
    blind = Eye()
    blind.find = lambda picture: Reading(np.zeros((5, 2)))
    with pytest.raises(LiveDoubleError, match="no expression scores"):
        tracked_head(demo, blind).solve(data.shots[0], range(2), nothing)
    with pytest.raises(ShotError, match="ends before"):
        tracked_head(demo, Eye()).solve(data.shots[0], range(30), nothing)


def test_another_head_of_the_same_name_is_not_driven(data):
    made = tuple(replace(shot, facts=replace(shot.facts, seed=1)) for shot in data.shots)
    assert "another version of demo" in why_untracked(replace(data, actor="demo", shots=made))
    assert "no rig of nobody" in why_untracked(replace(data, actor="nobody", shots=made))
    rig = build_rig(identity_of("demo"))
    assert why_untracked(replace(data, actor="demo", shots=made, topology=rig.topology)) is None
