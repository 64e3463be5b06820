"""Two cameras from training to the engine, with and without the side view."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.backends import open_backend
from engine.bundle import ActorBundle
from engine.errors import LiveDoubleError, ShotError
from engine.shots import DATASET_FILE, SHOT_FILE, DataSet
from export.network.actor import export_actor, worst_disagreement_mm
from tests.training.tiny_data import INPUT, TINY, write_tiny_data
from training.checkpoint import BEST_FILE, Checkpoint
from training.crops import cache_shot, choose_frames, crops_of
from training.device import choose_compute
from training.judge import open_judge
from training.loop import Watch, train
from training.panel.candidate import compare, stretches

VIEWS = ("front", "side")


def add_side(data):
    """The same data with another part of each picture as a second camera's."""
    for shot in data.shots:
        shutil.copyfile(shot.movie_path(), shot.folder / "side.mp4")
        values = json.loads((shot.folder / SHOT_FILE).read_text("utf-8"))
        values["movies"]["side"] = "side.mp4"
        (shot.folder / SHOT_FILE).write_text(json.dumps(values), "utf-8")
    path = data.folder / DATASET_FILE
    values = json.loads(path.read_text("utf-8"))
    front = values["cameras"]["front"]
    x, y, width, height = front["crop"]
    values["cameras"]["side"] = {**front, "crop": [x + 4, y - 6, width, height]}
    path.write_text(json.dumps(values), "utf-8")
    return DataSet.open(data.folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return add_side(write_tiny_data(tmp_path_factory.mktemp("two-views") / "tiny", 20))


@pytest.fixture(scope="module")
def checkpoint(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two-views-run") / "run"
    threads = torch.get_num_threads()
    watch = Watch(lambda _: None, lambda *_: None, lambda _: None, lambda: False)
    config = replace(TINY, views=VIEWS, epochs=6)
    train(data, config, folder, choose_compute("cpu", 1), data.folder / ".crops", watch)
    torch.set_num_threads(threads)
    return Checkpoint.load(folder / BEST_FILE)


@pytest.fixture(scope="module")
def actor(data, checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("two-views-actor") / "actor"
    return export_actor(checkpoint, data, out, data.folder / ".crops", name="two").folder


def test_an_exported_actor_knows_both_cameras(actor, data):
    bundle = ActorBundle.open(actor)
    assert [view.camera for view in bundle.views] == [*VIEWS]
    assert [view.crop for view in bundle.views] == [data.cameras[camera].crop for camera in VIEWS]
    assert bundle.has_errors
    assert bundle.input_shape == (2, INPUT[1], INPUT[0])


def test_an_export_is_proven_with_each_view_absent(actor, data, checkpoint):
    shots = tuple(cache_shot(s, crops_of(data, VIEWS), *INPUT, data.folder / ".crops") for s in data.validation)
    choice = choose_frames(shots, None)
    backend = open_backend(ActorBundle.open(actor), "onnxruntime", "float32", 1)
    network = checkpoint.build_network()
    assert worst_disagreement_mm(network, backend, choice) < 0.05
    with torch.no_grad():
        network.pixel_mean[0] += 40.0
    assert worst_disagreement_mm(network, backend, choice) > 0.05
    backend.close()


def test_expected_errors_that_left_wrong_are_a_disagreement(actor, data, checkpoint):
    shots = tuple(cache_shot(s, crops_of(data, VIEWS), *INPUT, data.folder / ".crops") for s in data.validation)
    backend = open_backend(ActorBundle.open(actor), "onnxruntime", "float32", 1)
    network = checkpoint.build_network()
    network.to_errors.scale.mul_(2.0)
    assert worst_disagreement_mm(network, backend, choose_frames(shots, None)) > 0.05
    backend.close()


def test_an_actor_is_measured_with_and_without_its_side_view(actor, data):
    cache = data.folder / ".crops"
    chosen = stretches(data.validation, None)
    with open_judge(actor, "onnxruntime", "float32", 1) as judge:
        judge.check(data)
        candidates = [judge.candidate(data, cache, "both"), judge.candidate(data, cache, "front alone", ("side",))]
        both, alone = compare(chosen, data.topology, candidates, lambda _: None)
        assert judge.can_lack("side")
        assert not judge.can_lack("top")
    assert both.panel.calibration is not None, "the backend's expected errors did not reach the panel"
    assert both.panel.rmse_mm != alone.panel.rmse_mm
    assert alone.words.endswith("without side")
    metrics = ActorBundle.open(actor).metrics
    assert both.panel.rmse_mm == pytest.approx(metrics["rmse_mm"], rel=1e-4)


def test_hiding_a_view_leaves_the_cached_pictures_alone(actor, data):
    cache = data.folder / ".crops"
    (shot,) = data.validation
    with open_judge(actor, "onnxruntime", "float32", 1) as judge:
        before = np.array(judge.crops(data, shot, cache).grown[1])
        judge.candidate(data, cache, "front alone", ("side",)).solve(shot, range(3), lambda _: None)
        np.testing.assert_array_equal(judge.crops(data, shot, cache).grown[1], before)


def test_a_data_set_without_the_side_camera_is_refused(actor, tmp_path):
    other = write_tiny_data(tmp_path / "front-only", 10)
    with open_judge(actor, "onnxruntime", "float32", 1) as judge, pytest.raises(ShotError, match="no camera side"):
        judge.check(other)


def test_an_export_needs_every_camera_it_was_trained_with(checkpoint, tmp_path):
    other = write_tiny_data(tmp_path / "front-only", 20)
    with pytest.raises(LiveDoubleError):
        export_actor(checkpoint, other, tmp_path / "actor", tmp_path / "crops", name="two")
