"""A training run becomes an actor: a folder that solves pictures wherever ONNX runs.

Rule: nothing unproven leaves. The folder is built beside its place, its network compared with the trained one on real
crops and measured on every validation frame, and only then takes its name.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from engine.backends import Backend, open_backend
from engine.bundle import (
    BASIS_FILE,
    FACTS_FILE,
    MEAN_FILE,
    NETWORK_FILE,
    PICTURES_FILE,
    SKIN_FILE,
    STABILISER_FILE,
    TOPOLOGY_FILE,
    ActorBundle,
    BundleFacts,
    NetworkFacts,
    sha256_of,
)
from engine.disk import not_written
from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.mesh import distances_mm
from engine.shots import DataSet
from engine.views import View
from export.network.graph import write_graph
from training.checkpoint import Checkpoint
from training.crops import FrameChoice, cache_shot, choose_frames, crops_of
from training.judge import solve_frames, solved_by
from training.networks import FaceNetwork
from training.panel import Panel, PanelTally, SolvedShot
from training.panel.pairs import with_pairs_that_part
from training.run_folder import data_checksum

MAX_DISAGREEMENT_MM = 0.05  # of any vertex of any compared frame
_COMPARED_FRAMES = 64
_BATCH_SIZE = 8
_ERROR_TOLERANCE = 0.02  # of an expected error, float16 weights being what they are


@dataclass(frozen=True, slots=True)
class Export:
    """What was written.

    Args:
        folder: The actor.
        num_bytes: Of all its files.
        disagreement_mm: Between the exported and the trained network, at the worst vertex.
        evaluation: Of the exported network, on every validation frame.
    """

    folder: Path
    num_bytes: int
    disagreement_mm: float
    evaluation: Panel


def export_actor(
    checkpoint: Checkpoint,
    data: DataSet,
    out: Path,
    cache: Path,
    *,
    name: str,
    measured_on: DataSet | None = None,
    weights: str = "float16",
    may_replace: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Export:
    """Write an actor's folder.

    Args:
        checkpoint: The trained network.
        data: What it was trained on.
        out: The actor's folder; it must not exist unless `may_replace`.
        cache: Folder of decoded crops.
        name: The actor's.
        measured_on: Whose validation shots prove the export: the same actor, filmed otherwise; None takes `data`.
        weights: How they are stored, `float16` or `float32`; the computation is float32.
        may_replace: Whether an actor that lies there is replaced.
        progress: Told how many more validation frames are measured.

    Raises:
        LiveDoubleError: The data set is not the one trained on, the one measured on is of another mesh, the folder
            exists, the exported network disagrees with the trained one, or the disk is full.
    """
    check_data(checkpoint, data)
    check_place(out, may_replace)
    measured_on = measured_on or data
    if not np.array_equal(measured_on.topology.faces, data.topology.faces):
        raise ShotError(f"{measured_on.folder} is of another mesh.", "Measure on shots of the actor trained on.")
    width_px, height_px = checkpoint.shape.input_width_px, checkpoint.shape.input_height_px
    config = checkpoint.config
    crops = crops_of(measured_on, config.views)
    shots = tuple(
        cache_shot(shot, crops, width_px, height_px, cache, None, config.preparation, checkpoint.stabiliser)
        for shot in measured_on.validation
    )
    validation = choose_frames(shots, None)
    partial, old = (out.with_name(f"{out.name}.{state}") for state in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        facts = _write(checkpoint, data, partial, name, weights)
        export = _prove(checkpoint, ActorBundle.open(partial), validation, progress)
        metrics = export.evaluation.metrics() | {"disagreement_mm": export.disagreement_mm}
        training = {**facts.training, "measured_on": data_checksum(measured_on)}
        (partial / FACTS_FILE).write_text(replace(facts, metrics=metrics, training=training).to_json(), "utf-8")
        if out.exists():  # the old one goes when the new one stands
            shutil.rmtree(old, ignore_errors=True)
            out.rename(old)
        partial.replace(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise not_written(f"The actor {out}", error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return replace(export, folder=out, num_bytes=sum(path.stat().st_size for path in out.iterdir()))


def check_data(checkpoint: Checkpoint, data: DataSet) -> None:
    """Refuse another data set than the one trained on.

    Raises:
        LiveDoubleError: It is another one.
    """
    if data_checksum(data) != checkpoint.facts.data_checksum:
        raise LiveDoubleError(
            f"{data.folder} is not what the network was trained on, or has changed since.",
            "Give the data set of the training with --data.",
        )


def check_place(out: Path, may_replace: bool) -> None:
    """Refuse a place that holds anything but, if it may be replaced, a whole actor.

    Raises:
        StorageError: It does.
    """
    if not out.exists():
        return
    if not may_replace or not (out / FACTS_FILE).is_file():
        raise StorageError(f"{out} exists already.", "Choose another folder, or replace an actor with --replace.")
    listed = {FACTS_FILE, *BundleFacts.from_json((out / FACTS_FILE).read_text("utf-8")).files}
    others = sorted(path.name for path in out.iterdir() if path.name not in listed)
    if others:
        raise StorageError(
            f"{out} holds more than an actor ({', '.join(others[:3])}).", "Choose another folder, or move these first."
        )


def _write(checkpoint: Checkpoint, data: DataSet, folder: Path, name: str, weights: str) -> BundleFacts:
    """All files of an actor that has not been measured yet."""
    network = checkpoint.build_network()
    created = datetime.now(UTC).date().isoformat()
    write_graph(network, folder, is_float16=weights == "float16", facts={"actor": name, "created": created})
    data.topology.save(folder / TOPOLOGY_FILE)
    names = [NETWORK_FILE, BASIS_FILE, MEAN_FILE, TOPOLOGY_FILE]
    if (folder / PICTURES_FILE).is_file():
        names.append(PICTURES_FILE)
    if checkpoint.stabiliser is not None:
        (folder / STABILISER_FILE).write_bytes(checkpoint.stabiliser)
        names.append(STABILISER_FILE)
    if data.skin_path is not None:
        shutil.copyfile(data.skin_path, folder / SKIN_FILE)
        names.append(SKIN_FILE)
    shape = network.shape
    facts = BundleFacts(
        name=name,
        created=created,
        views=tuple(_view(data, camera) for camera in checkpoint.config.views),
        network=NetworkFacts(
            num_latents=shape.num_latents,
            num_vertices=shape.num_vertices,
            input_size=(shape.input_width_px, shape.input_height_px),
            num_parameters=sum(parameter.numel() for parameter in network.parameters()),
            weights=weights,
            has_skin=data.skin_path is not None,
            preparation=checkpoint.config.preparation,
            has_errors=shape.has_errors,
        ),
        training=_training_facts(checkpoint),
        metrics={},
        files={name: sha256_of(folder / name) for name in names},
    )
    (folder / FACTS_FILE).write_text(facts.to_json(), "utf-8")
    return facts


def _view(data: DataSet, camera: str) -> View:
    known = data.cameras[camera]
    return View(camera, known.crop, (known.frame_width_px, known.frame_height_px))


def _training_facts(checkpoint: Checkpoint) -> dict[str, object]:
    facts, state, config = checkpoint.facts, checkpoint.state, checkpoint.config
    return {
        "frames": facts.num_training_frames,
        "steps": state.step,
        "epochs": round(checkpoint.epochs, 2),
        "seconds": round(state.elapsed_s),
        "machine": facts.machine,
        "data_checksum": facts.data_checksum,
        "pca_variance": facts.pca_variance,
        "seed": config.seed,
        "config": {**asdict(config), "start_from": None},  # a path of one machine; `earlier` says what it was
        "earlier": None if facts.earlier is None else asdict(facts.earlier),
    }


def _prove(
    checkpoint: Checkpoint, bundle: ActorBundle, validation: FrameChoice, progress: Callable[[int], None]
) -> Export:
    """Compare the exported network with the trained one, then measure it."""
    backend = open_backend(bundle, "onnxruntime", "float32")
    try:
        disagreement_mm = worst_disagreement_mm(checkpoint.build_network(), backend, validation)
        if not disagreement_mm <= MAX_DISAGREEMENT_MM:
            raise LiveDoubleError(
                f"The exported network is up to {disagreement_mm:.3f} mm away from the trained one,"
                f" where {MAX_DISAGREEMENT_MM} mm is allowed.",
                "Export with --weights float32.",
            )

        meshes = [cached.vertices for cached in validation.shots]
        tally = PanelTally(with_pairs_that_part(bundle.topology, meshes))
        for cached in validation.shots:
            frames, truth = range(len(cached.vertices)), np.asarray(cached.vertices)
            solved = solve_frames(cached, frames, lambda crops: solved_by(backend, crops), progress, _BATCH_SIZE)
            facts, rate = cached.shot.facts, cached.shot.rate
            tally.add(SolvedShot(facts.name, rate, truth, solved.vertices, solved.expected_error_mm))
    finally:
        backend.close()
    return Export(bundle.folder, 0, disagreement_mm, tally.panel())


def worst_disagreement_mm(network: FaceNetwork, backend: Backend, choice: FrameChoice) -> float:
    """The largest distance of any vertex, or difference of any expected error, from the trained network's, mm.

    Over frames spread through `choice`, with all their views and with each of several absent. Expected errors count
    for what they differ by beyond a fiftieth: they scale with themselves.
    """
    num_views = choice.num_views
    worst_mm = 0.0
    indices = np.linspace(0, len(choice) - 1, min(len(choice), _COMPARED_FRAMES)).astype(int)
    for first in range(0, len(indices), _BATCH_SIZE):
        crops = np.stack([choice.crop(index) for index in indices[first : first + _BATCH_SIZE]])
        hidden = [crops.copy() for _ in range(num_views if num_views > 1 else 0)]
        for view, without in enumerate(hidden):
            without[:, view] = 0
        for seen in (crops, *hidden):
            # Maximum by numpy: a value that is not a number stays one, and is refused.
            worst_mm = float(np.maximum(worst_mm, _difference_mm(network, backend, seen)))
    return worst_mm


def _difference_mm(network: FaceNetwork, backend: Backend, crops: np.ndarray) -> float:
    with torch.inference_mode():
        trained = network(torch.from_numpy(crops))
    solved = backend.run(crops)
    difference_mm = distances_mm(solved.vertices, trained.vertices.numpy()).max()
    if trained.errors_mm is not None and solved.errors_mm is not None:
        errors_mm = trained.errors_mm.numpy()
        beyond_mm = np.abs(solved.errors_mm - errors_mm) - _ERROR_TOLERANCE * errors_mm
        difference_mm = np.maximum(difference_mm, beyond_mm.max())
    return float(difference_mm)
