"""The actor's own head finder learns where a drawn face lies, and an actor made with it solves without dlib."""

from dataclasses import replace
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
import torch

from engine import landmarks
from engine.backends import open_backend
from engine.bundle import STABILISER_FILE, ActorBundle
from engine.claim import claimed
from engine.drawn_face import draw_face
from engine.errors import LiveDoubleError, ShotError
from engine.frames import CropRect
from engine.head_finder import SEEN_PX, HeadFinder, head_of
from engine.movies import MovieReader
from engine.preparation import Preparation
from export.network.actor import export_actor
from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.engine.solving import solve_whole
from tests.training.drawn_faces import write_faces
from tests.training.place import Place
from tests.training.tiny_data import TINY
from training import head_finder, head_learning
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
from training.device import choose_compute
from training.head_finder import held_still, own_stabiliser
from training.head_learning import HeadSamples, learn
from training.head_network import as_onnx
from training.watch import Watch

SELF_STABILISED = replace(TINY, is_self_stabilised=True, input_width_px=48, input_height_px=64, epochs=2)
WHOLE = CropRect(0, 0, *SEEN_PX)


def drawn_heads(count: int, seed: int) -> HeadSamples:
    """A drawn face moved and turned, and where its middle then is."""
    random = np.random.default_rng(seed)
    face = draw_face(np.full((200, 150), 60, np.uint8), CropRect(15, 20, 120, 160))
    grown, heads = [], []
    for _ in range(count):
        angle, (right, down) = random.uniform(-8, 8), random.uniform(-8, 8, 2)
        move = cv2.getRotationMatrix2D((75, 100), -angle, 1.0)
        move[:, 2] += right, down
        grown.append(cv2.warpAffine(face, move, (150, 200), borderMode=cv2.BORDER_REPLICATE))
        heads.append(((75 + right - 15 + 0.5) / 120, (100 + down - 20 + 0.5) / 160, np.radians(angle)))
    return HeadSamples(np.array(grown), np.array(heads))


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(head_learning, "NUM_STEPS", 400)


def test_it_finds_heads_it_never_saw_and_runs_outside_torch_as_inside(few_steps, tmp_path):
    done = []
    network = learn(drawn_heads(60, 0), 1, torch.device("cpu"), tmp_path / "unfinished", done.append)
    assert done == list(range(1, 401))
    unseen = drawn_heads(30, 1)
    seen = np.ascontiguousarray(unseen.grown[:, 20:-20, 15:-15])
    finder = HeadFinder(as_onnx(network))
    found = np.stack([head_of(finder.find(one, WHOLE), WHOLE) for one in seen])
    off = (found - unseen.heads) * (*SEEN_PX, np.degrees(1))
    assert np.sqrt((off**2).mean(axis=0)) == pytest.approx((0, 0, 0), abs=1.0)
    assert unseen.heads.std(axis=0) * (*SEEN_PX, np.degrees(1)) == pytest.approx((4.6, 4.6, 4.6), abs=1.5)
    with torch.inference_mode():
        inside = network(torch.from_numpy(seen[:, None].astype(np.float32))).numpy()
    assert found == pytest.approx(inside, abs=1e-4)


def test_learning_that_was_stopped_goes_on_and_becomes_the_same_network(few_steps, tmp_path):
    # Ctrl+C cost the two minutes of it.
    unfinished, done = tmp_path / "run" / "unfinished", []

    def stop(step):
        done.append(step)
        if step == 230:
            raise KeyboardInterrupt

    samples, cpu = drawn_heads(20, 0), torch.device("cpu")
    with pytest.raises(KeyboardInterrupt):
        learn(samples, 1, cpu, unfinished, stop)
    resumed = []
    network = learn(samples, 1, cpu, unfinished, resumed.append)
    assert resumed == [230, *range(231, 401)]
    assert not unfinished.exists()
    whole = learn(samples, 1, cpu, unfinished, lambda step: None)
    for one, other in zip(network.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_was_begun_with_other_pictures_or_is_damaged_is_not_taken_up(few_steps, tmp_path, monkeypatch):
    monkeypatch.setattr(head_learning, "NUM_STEPS", 201)
    unfinished, cpu = tmp_path / "unfinished", torch.device("cpu")

    def stop(step):
        if step == 201:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(drawn_heads(20, 0), 1, cpu, unfinished, stop)
    first = []
    learn(drawn_heads(20, 3), 1, cpu, unfinished, first.append)
    assert first[0] == 1
    unfinished.write_bytes(b"nothing")
    first.clear()
    learn(drawn_heads(20, 0), 1, cpu, unfinished, first.append)
    assert first[0] == 1


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    for module in ("dlib", "face_recognition_models"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (pip install 'livedouble[stabilise]')")
    return write_faces(tmp_path_factory.mktemp("faces") / "faces")


def test_an_actor_made_with_it_solves_movies_without_dlib(faces, few_steps, tmp_path, monkeypatch):
    Place(faces, tmp_path).train(SELF_STABILISED)
    best = Checkpoint.load(tmp_path / "run" / BEST_FILE)
    assert best.stabiliser == (tmp_path / "run" / STABILISER_FILE).read_bytes()
    monkeypatch.setattr(landmarks, "find_spec", lambda _: None)  # dlib is gone
    export_actor(best, faces, tmp_path / "actor", faces.folder / ".crops", name="faces")
    bundle = ActorBundle.open(tmp_path / "actor")
    assert bundle.preparation is Preparation.SELF_STABILISED
    assert bundle.stabiliser() == best.stabiliser
    shot = faces.validation[0]
    backend = open_backend(bundle, "onnxruntime", "float32", 1)
    with MovieReader(shot.movie_path()) as movie:
        solved = solve_whole(tmp_path / "rows", movie, bundle, backend, bundle.crop, 4)
    backend.close()
    assert solved.num_unfound == 0
    assert bundle.metrics["rmse_mm"] > 0


def test_a_resumed_training_keeps_the_head_finder_it_began_with(faces, few_steps, tmp_path, monkeypatch):
    Place(faces, tmp_path).train(SELF_STABILISED, stop_after=1)
    began = Checkpoint.load(tmp_path / "run" / LAST_FILE).stabiliser
    monkeypatch.setattr(head_finder, "learn", None)  # nothing learns it again
    (tmp_path / "run" / STABILISER_FILE).unlink()
    Place(faces, tmp_path).train(SELF_STABILISED)
    assert Checkpoint.load(tmp_path / "run" / LAST_FILE).stabiliser == began


def test_another_day_of_the_same_actor_keeps_the_head_finder_and_another_face_learns_its_own(
    faces, few_steps, tmp_path
):
    place = Place(faces, tmp_path)
    place.train(SELF_STABILISED, stop_after=2)
    first = Checkpoint.load(tmp_path / "run" / BEST_FILE).stabiliser
    again = replace(SELF_STABILISED, start_from=str(tmp_path / "run"), seed=2)
    for run, config, is_same in (("day", again, True), ("face", replace(again, is_new_face=True), False)):
        place.train(config, run=run, stop_after=1)
        assert (Checkpoint.load(tmp_path / run / LAST_FILE).stabiliser == first) is is_same


def test_it_is_refused_where_there_are_no_faces_or_several_cameras(place, faces):
    with pytest.raises(ShotError, match="dlib finds a face in 0"):
        place.train(replace(TINY, is_self_stabilised=True))
    with pytest.raises(LiveDoubleError, match="one camera"):
        replace(TINY, views=("front", "side"), is_self_stabilised=True)
    with pytest.raises(LiveDoubleError, match="is_stabilised"):
        replace(TINY, is_stabilised=True, is_self_stabilised=True)


def test_a_training_that_saw_heads_move_is_exported_with_the_head_held_still(faces, few_steps, tmp_path):
    run = tmp_path / "run"
    Place(faces, tmp_path).train(replace(SELF_STABILISED, is_self_stabilised=False))
    trained, watch = Checkpoint.load(run / BEST_FILE), Watch(print, lambda *_: None, print, lambda: False)
    still = held_still(trained, faces, run, choose_compute("cpu", 1), watch)
    # The command finds the head finder in the training's folder.
    outcome = livedouble("export", run, "--self-stabilised", "--data", faces.folder, "--out", tmp_path / "actor")
    assert outcome.code == 0, outcome.err
    actor = ActorBundle.open(tmp_path / "actor")
    assert actor.preparation is Preparation.SELF_STABILISED
    assert actor.stabiliser() == still.stabiliser == (run / STABILISER_FILE).read_bytes()
    plain = export_actor(trained, faces, tmp_path / "plain", faces.folder / ".crops", name="faces")
    assert ActorBundle.open(plain.folder).checksum == actor.checksum  # the same network
    assert actor.metrics["rmse_mm"] != plain.evaluation.rmse_mm  # of other pictures


def test_two_exports_of_one_training_do_not_learn_to_find_its_head_at_once(place):
    # They overwrote each other's `stabiliser.unfinished`.
    place.train(stop_after=1)
    run, actor = place.folder / "run", place.folder / "actor"
    with claimed(run):
        second = livedouble("export", run, "--self-stabilised", "--last", "--data", place.data.folder, "--out", actor)
    assert_one_clear_line(second, "Another process is writing into", "give this command again", code=75)
    assert not (run / STABILISER_FILE).exists()
    assert not actor.exists()


def test_a_damaged_head_finder_is_learned_anew(faces, few_steps, tmp_path):
    run, lines = tmp_path / "run", []
    Place(faces, tmp_path).train(SELF_STABILISED, stop_after=1)
    (run / STABILISER_FILE).write_bytes((run / STABILISER_FILE).read_bytes()[:3000])
    watch = Watch(lines.append, lambda *_: None, print, lambda: False)
    learned = own_stabiliser(faces, SELF_STABILISED, run, choose_compute("cpu", 1), watch)
    HeadFinder(learned)
    assert "is damaged" in lines[0]


def test_only_what_saw_heads_move_can_be_held_still_afterwards(faces, few_steps, tmp_path):
    place = Place(faces, tmp_path)
    place.train(SELF_STABILISED, stop_after=1)
    checkpoint, watch = Checkpoint.load(tmp_path / "run" / LAST_FILE), Watch(print, print, print, lambda: False)
    moving = replace(checkpoint.config, is_self_stabilised=False)
    of_two = replace(checkpoint, config=replace(moving, views=("front", "side")))
    for one, says in ((checkpoint, "held still already"), (of_two, "sees 2 cameras")):
        with pytest.raises(LiveDoubleError, match=says):
            held_still(one, faces, tmp_path / "run", choose_compute("cpu", 1), watch)
