"""Two cameras from training to the engine, with and without the side view."""

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from engine.backends import open_backend
from engine.bundle import ActorBundle
from engine.errors import LiveDoubleError, ShotError
from engine.frames import CropRect
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.render import Offscreen
from engine.shots import DataSet, Shot
from export.network.actor import export_actor, worst_disagreement_mm
from export.network.int8 import _each_view_absent, add_int8
from tests.training.tiny_data import (
    CROP,
    FRAME_HEIGHT_PX,
    FRAME_WIDTH_PX,
    INPUT,
    NUM_VERTICES,
    TINY,
    tiny_pose,
    write_tiny_data,
)
from training.checkpoint import BEST_FILE, Checkpoint
from training.crops import cache_shot, choose_frames, crops_of
from training.device import choose_compute
from training.diary import PICTURES_FILE
from training.judge import open_judge
from training.loop import Watch, train
from training.panel.candidate import compare, mean_face, stretches

VIEWS = ("front", "side")


def deep_pose(phase):
    """A mesh, its front picture, which does not show how far forward it is, and its side picture, which does."""
    front, vertices = tiny_pose(phase)
    forward = np.sin(1.7 * phase + 2)
    vertices[20:, 2] += 1.5 * forward * np.hanning(20)
    side = np.full((FRAME_HEIGHT_PX, FRAME_WIDTH_PX), 70, np.uint8)
    cv2.circle(side, (round(30 + 12 * forward), 44), 8, 220, -1)
    return front, side, vertices.astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The tiny data with depth in it and a side camera that sees it."""
    data = write_tiny_data(tmp_path_factory.mktemp("two-views") / "tiny", 40)
    for shot, phase in zip(data.shots, (0.0, 9.0, 33.0), strict=True):
        folder, count = shot.folder, shot.facts.num_frames
        with (
            MovieWriter(folder / "side.mp4", FRAME_WIDTH_PX, FRAME_HEIGHT_PX, Fraction(30), is_gray=True) as movie,
            PointCacheWriter(folder / "points.pc2", NUM_VERTICES) as points,
        ):
            for index in range(count):
                _, side, vertices = deep_pose(phase + 0.23 * index)
                movie.write(side)
                points.write(vertices)
        Shot.write_facts(folder, replace(shot.facts, movies={"front": "front.mp4", "side": "side.mp4"}))
    side = replace(data.front, crop=CropRect(CROP.x - 2, CROP.y + 4, CROP.width, CROP.height))
    names = [shot.facts.name for shot in data.shots]
    DataSet.write_manifest(data.folder, "tiny", {"front": data.front, "side": side}, names)
    return DataSet.open(data.folder)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("two-views-run") / "run"


@pytest.fixture(scope="module")
def checkpoint(data, run_folder):
    threads = torch.get_num_threads()
    watch = Watch(lambda _: None, lambda *_: None, lambda _: None, lambda: False)
    config = replace(TINY, views=VIEWS, epochs=25)
    train(data, config, run_folder, choose_compute("cpu", 1), data.folder / ".crops", watch)
    torch.set_num_threads(threads)
    return Checkpoint.load(run_folder / BEST_FILE)


@pytest.fixture(scope="module")
def actor(data, checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("two-views-actor") / "actor"
    return export_actor(checkpoint, data, out, data.folder / ".crops", name="two").folder


def test_validation_pictures_show_every_view(checkpoint, run_folder):
    try:
        Offscreen(16, 16).release()
    except LiveDoubleError as error:
        pytest.skip(f"no pictures: {error.reason}")
    picture = cv2.imread(str(run_folder / PICTURES_FILE))
    assert picture.shape[1] == (len(VIEWS) + 2) * 240
    front, side = picture[26:346, :240].astype(int), picture[26:346, 240:480].astype(int)
    assert np.abs(front - side).max() > 50


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


def test_the_first_convolution_of_each_view_stays_out_of_8_bits(actor, data, tmp_path):
    bundle = ActorBundle.open(Path(shutil.copytree(actor, tmp_path / "actor")))
    added = add_int8(bundle, data, data.folder / ".crops")
    graph = onnx.load(str(added.network_in("int8")), load_external_data=False).graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    weights = [made_by.get(node.input[1], "constant") for node in graph.node if node.op_type == "Conv"]
    assert sorted(weights) == ["DequantizeLinear"] * 6 + ["constant"] * 2
    assert added.int8.num_frames == 20


def test_8_bits_are_also_measured_with_each_view_absent():
    crops = np.arange(1, 13, dtype=np.uint8).reshape(2, 2, 1, 3)
    without_front, without_side = _each_view_absent(crops)
    assert not without_front[:, 0].any()
    assert not without_side[:, 1].any()
    np.testing.assert_array_equal(without_front[:, 1], crops[:, 1])
    np.testing.assert_array_equal(without_side[:, 0], crops[:, 0])
    assert _each_view_absent(crops[:, :1]) == []


def test_expected_errors_that_left_wrong_are_a_disagreement(actor, data, checkpoint):
    shots = tuple(cache_shot(s, crops_of(data, VIEWS), *INPUT, data.folder / ".crops") for s in data.validation)
    backend = open_backend(ActorBundle.open(actor), "onnxruntime", "float32", 1)
    network = checkpoint.build_network()
    network.to_errors.scale.mul_(2.0)
    assert worst_disagreement_mm(network, backend, choose_frames(shots, None)) > 0.05
    backend.close()


def test_the_side_view_halves_the_depth_error_at_least_and_one_view_alone_still_works(actor, data):
    cache = data.folder / ".crops"
    chosen = stretches(data.validation, None)
    with open_judge(actor, "onnxruntime", "float32", 1) as judge:
        judge.check(data)
        candidates = [
            judge.candidate(data, cache, "both"),
            judge.candidate(data, cache, "front alone", ("side",)),
            mean_face(chosen),
        ]
        both, alone, still = compare(chosen, data.topology, candidates, lambda _: None)
        assert judge.can_lack("side")
        assert not judge.can_lack("top")
    assert both.panel.calibration is not None, "the backend's expected errors did not reach the panel"
    # What the front camera cannot see is depth: with the side camera, less than half of that error is left.
    assert both.panel.overall.depth_mm < 0.5 * alone.panel.overall.depth_mm
    assert alone.panel.overall.depth_mm < 1.2 * still.panel.overall.depth_mm, "one view alone no longer works"
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
