"""The fully connected network: its pieces, and its way from training to the engine."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from engine.backends import backend_report, open_backend
from engine.bundle import PICTURES_FILE, ActorBundle
from engine.errors import LiveDoubleError, ShotError
from engine.mesh import distances_mm
from engine.movies import MovieReader
from engine.preparation import Preparation
from engine.shots import FRONT
from export.network.actor import export_actor
from tests.engine.solving import solve_whole
from tests.training.drawn_faces import FACE_CROP, write_faces
from tests.training.tiny_data import CROP, INPUT, NUM_VERTICES, TINY, write_tiny_data
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
from training.config import TrainConfig
from training.crops import cache_shot, choose_frames
from training.device import choose_compute
from training.image_basis import picture_basis
from training.judge import open_judge
from training.loop import train
from training.networks import FaceNetwork, NetworkShape
from training.watch import Watch

FC = replace(TINY, network="fully_connected", hidden=(20, 12), image_components=30, is_stabilised=False, epochs=30)
SILENT = (lambda _: None, lambda *_: None, lambda _: None)


@pytest.fixture(scope="module", autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("fc") / "tiny", 30)


@pytest.fixture(scope="module")
def choice(data):
    folder = data.folder / ".crops"
    return choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, folder) for shot in data.training), None)


def run_training(data, run, config, num_steps=None):
    steps = []

    def should_stop():
        steps.append(1)
        return num_steps is not None and len(steps) >= num_steps

    watch = Watch(*SILENT, should_stop)
    return train(data, config, run, choose_compute("cpu", 1), data.folder / ".crops", watch)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fc-run") / "run"
    run_training(data, folder, FC)
    return folder


def shape_of(config):
    return NetworkShape.of(config, config.num_latents, NUM_VERTICES)


def test_the_papers_fully_connected_network_has_its_layers():
    config = TrainConfig(network="fully_connected", has_uncertainty=False)
    with torch.device("meta"):
        network = FaceNetwork(NetworkShape.of(config, 160, 5043))
    sizes = [tuple(weights.shape) for name, weights in network.named_parameters() if name.endswith(("weight", "basis"))]
    assert sizes == [(3000, 76800), (2000, 3000), (1000, 2000), (160, 1000), (3 * 5043, 160)]
    learning = [name for name, weights in network.named_parameters() if not weights.requires_grad]
    assert learning == ["encoder.picture_basis"]
    assert config.preparation is Preparation.STABILISED


def test_layers_are_relu_dropout_tanh_dropout():
    network = FaceNetwork(shape_of(FC)).eval()
    crops = torch.randint(0, 255, (3, 1, 32, 24), dtype=torch.uint8)
    mean, directions = torch.rand(768) * 255, torch.linalg.qr(torch.randn(768, 30))[0].T.half()
    deviation = torch.rand(30) + 0.5
    network.prime_pictures(mean, directions, deviation)
    scale = deviation**-0.5
    scale /= (scale * deviation).square().mean().sqrt()
    coefficients = ((crops.flatten(1).float() - mean) @ directions.float().T) * scale
    first, second = network.encoder.layers
    hidden = torch.tanh(second(torch.relu(first(coefficients))))
    assert torch.allclose(network(crops).latents, network.to_latents(hidden), atol=1e-4)
    network.train()
    torch.manual_seed(1)
    once = network(crops).latents
    assert not torch.allclose(once, network(crops).latents)
    assert [module.p for module in (network.encoder.dropout, network.dropout)] == [FC.dropout] * 2


def test_the_picture_basis_is_the_principal_components_of_the_pictures(choice):
    pictures = np.stack([choice.crop(index).ravel() for index in range(len(choice))]).astype(float)
    basis = picture_basis(choice, shape_of(FC))
    _, singular, directions = np.linalg.svd(pictures - pictures.mean(axis=0), full_matrices=False)
    assert np.allclose(basis.mean, pictures.mean(axis=0), atol=1e-3)
    assert np.allclose(basis.deviation, singular[:30] / np.sqrt(len(pictures)), rtol=1e-3)
    assert np.abs((basis.directions.astype(float) * directions[:30]).sum(axis=1)) == pytest.approx(
        np.ones(30), abs=2e-3
    )
    assert basis.variance_reached == pytest.approx((singular[:30] ** 2).sum() / (singular**2).sum(), rel=1e-4)


def test_there_are_no_more_components_than_pictures_tell_apart(choice):
    few = choice.only(np.arange(7))
    assert len(picture_basis(few, shape_of(FC)).directions) == 6
    same = choice.only(np.zeros(5, int))
    basis = picture_basis(same, shape_of(FC))
    assert len(basis.directions) == 1
    assert np.isfinite(basis.directions).all()
    assert (basis.deviation > 0).all()
    assert picture_basis(choice, shape_of(TINY)) is None


def test_it_learns_and_its_first_layer_does_not(run, choice):
    best = Checkpoint.load(run / BEST_FILE)
    basis = picture_basis(choice, shape_of(FC))
    stored = best.network["encoder.picture_basis"]
    assert stored.dtype == torch.float16
    assert np.array_equal(stored.numpy(), basis.directions)
    mean_face_mm = 10 * np.sqrt(
        np.square(np.stack([choice.vertices(i) for i in range(len(choice))]).std(axis=0)[4:]).sum(axis=1).mean()
    )
    assert best.state.best_rmse_mm < 0.75 * mean_face_mm


def test_a_resumed_training_equals_an_uninterrupted_one(data, run, tmp_path):
    run_training(data, tmp_path / "run", FC, num_steps=50)
    run_training(data, tmp_path / "run", FC)
    whole, resumed = (Checkpoint.load(folder / LAST_FILE).network for folder in (run, tmp_path / "run"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("weights", ["float16", "float32"])
def test_it_solves_through_the_engine_as_it_was_trained(data, run, tmp_path, weights):
    checkpoint = Checkpoint.load(run / BEST_FILE)
    exported = export_actor(checkpoint, data, tmp_path / "actor", data.folder / ".crops", name="fc", weights=weights)
    assert exported.disagreement_mm < 0.02
    bundle = ActorBundle.open(tmp_path / "actor")
    assert bundle.preparation is Preparation.CROP
    assert (bundle.folder / PICTURES_FILE).stat().st_size == 2 * 30 * 24 * 32
    shot = data.validation[0]
    cached = cache_shot(shot, {FRONT: CROP}, *INPUT, data.folder / ".crops")
    choice = choose_frames((cached,), None)
    trained = checkpoint.solver()(np.stack([choice.crop(index) for index in range(len(choice))]))
    for status in backend_report():
        if not status.is_usable:
            continue
        backend = open_backend(bundle, status.name, "float32" if "float32" in status.precisions else None, 1)
        with MovieReader(shot.movie_path()) as movie:
            solved = solve_whole(tmp_path / status.name, movie, bundle, backend, bundle.crop, 7)
        backend.close()
        assert distances_mm(bundle.vertices(solved.latents), trained).max() < 0.05
    measured = exported.evaluation.rmse_mm
    with open_judge(run, None, None, 1) as judge:
        solved = judge.candidate(data, data.folder / ".crops", "fc").solve(shot, range(15), lambda _: None)
    animated = data.topology.animated
    squares = distances_mm(solved.vertices, np.asarray(shot.vertices()))[:, animated] ** 2
    assert measured == pytest.approx(float(np.sqrt(squares.mean())), rel=0.01)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"views": ("front", "side")}, "one camera"),
        ({"hidden": ()}, "hidden"),
        ({"hidden": (10, 0)}, "hidden"),
        ({"image_components": 0}, "image_components"),
    ],
)
def test_what_it_cannot_be_is_refused(changes, words):
    with pytest.raises(LiveDoubleError, match=words):
        replace(FC, **changes)
    with pytest.raises(LiveDoubleError, match="one camera"):
        replace(TINY, views=("front", "side"), is_stabilised=True)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    for module in ("dlib", "face_recognition_models"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (pip install 'livedouble[stabilise]')")
    return write_faces(tmp_path_factory.mktemp("faces") / "faces")


def test_training_export_and_movies_see_the_same_stabilised_pictures(faces, tmp_path):
    config = replace(FC, is_stabilised=None, input_width_px=48, input_height_px=64, epochs=2)
    run_training(faces, tmp_path / "run", config)
    cache = faces.folder / ".crops"
    export_actor(Checkpoint.load(tmp_path / "run" / BEST_FILE), faces, tmp_path / "actor", cache, name="faces")
    bundle = ActorBundle.open(tmp_path / "actor")
    assert bundle.preparation is Preparation.STABILISED
    shot = faces.validation[0]
    backend = open_backend(bundle, "onnxruntime", "float32", 1)
    with MovieReader(shot.movie_path()) as movie:
        solved = solve_whole(tmp_path / "rows", movie, bundle, backend, bundle.crop, 4)
    backend.close()
    assert solved.num_unfound == 0
    with open_judge(tmp_path / "actor", "onnxruntime", "float32", 1) as judge:
        measured = judge.candidate(faces, cache, "a").solve(shot, range(shot.facts.num_frames), lambda _: None)
        crops = judge.crops(faces, shot, cache)
    assert np.allclose(measured.vertices, bundle.vertices(solved.latents), atol=1e-4)
    plain = cache_shot(shot, {FRONT: FACE_CROP}, 48, 64, cache)
    still, moving = (np.asarray(one.grown[0]).std(axis=0)[8:72, 6:54].mean() for one in (crops, plain))
    assert still < 0.6 * moving, "heads move less in what the network sees"


def test_a_shot_without_faces_cannot_be_stabilised(data, faces, tmp_path):
    with pytest.raises(ShotError, match="In 15 of 15 frames"):
        cache_shot(data.validation[0], {FRONT: CROP}, *INPUT, tmp_path, None, Preparation.STABILISED)
    assert list(tmp_path.iterdir()) == []
