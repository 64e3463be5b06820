"""An actor's network with its convolutions in 8 bits: for processors that multiply these four times as fast.

Rule: it is made of the actor's own ONNX file and kept only if, on every validation frame, no vertex moves by more than
`MAX_WORST_MM` and the distance from the truth grows by less than `MAX_RMSE_GROWTH`, with every runtime that is here.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, TensorProto, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from engine.backends import Backend, backend_report, open_backend
from engine.backends.choice import REFERENCE
from engine.backends.parity import Deviation
from engine.bundle import FACTS_FILE, INPUT_NAME, INT8_FILE, ActorBundle, Int8Facts, sha256_of
from engine.disk import not_written, write_whole
from engine.errors import LiveDoubleError
from engine.mesh import distances_mm, rmse_mm
from engine.shots import DataSet, Shot
from training.crops import CachedShot, FrameChoice, Progress, cache_shot, choose_frames
from training.judge import crops_of_actor

MAX_WORST_MM = 0.5
MAX_RMSE_GROWTH = 0.03
_CALIBRATION_FRAMES = 256  # with fewer, or of a few shots only, a rare face leaves the range: 0.8 to 1.8 mm at the lips
_COMPARED_VERTICES = 100  # of each mesh, to find the frames that differ most
_BATCH_SIZE = 8
_SEEN_BY_QUANTISER = ("onnx.quant.pre_process", "onnxruntime.quant")  # constants are folded; it would advise to


def read_movies(bundle: ActorBundle, data: DataSet, cache: Path, progress: Progress) -> None:
    """Decode what `add_int8` will need into the cache, so that it tells its own time; arguments and errors as there."""
    _check_mesh(bundle, data)
    _cached(bundle, data, data.shots, cache, progress)


def add_int8(
    bundle: ActorBundle, data: DataSet, cache: Path, progress: Callable[[int], None] = lambda _: None
) -> ActorBundle:
    """Add the network in 8 bits to an actor's folder, where it is good enough; one that was there is replaced.

    Args:
        bundle: The actor.
        data: What it was trained on: the training shots calibrate, the validation shots prove.
        cache: Folder of decoded crops.
        progress: Told how many more validation frames are measured.

    Returns:
        The actor, opened again.

    Raises:
        LiveDoubleError: The network moves a face too far, with the figures, or has no convolutions to put into 8 bits;
            the data set lacks a camera of the actor or its vertices, or the disk is full. The actor is as it was.
    """
    _check_mesh(bundle, data)
    training = _cached(bundle, data, data.training, cache)
    validation = _cached(bundle, data, data.validation, cache)
    try:
        with TemporaryDirectory(prefix=f"{bundle.folder.name}.int8.", dir=bundle.folder.absolute().parent) as trial:
            tried = _try(bundle, Path(trial) / "actor", _calibration_crops(training), validation, progress)
            _refuse_if_too_far(tried)
            (tried.folder / INT8_FILE).replace(bundle.folder / INT8_FILE)
    except OSError as error:
        raise not_written(f"The network in int8 of {bundle.folder}", error) from error
    write_whole(bundle.folder / FACTS_FILE, tried.facts.to_json())
    return ActorBundle.open(bundle.folder)


def _check_mesh(bundle: ActorBundle, data: DataSet) -> None:
    if data.topology.num_vertices != bundle.topology.num_vertices:
        raise LiveDoubleError(
            f"{data.folder} has {data.topology.num_vertices} vertices, the actor {bundle.name}"
            f" {bundle.topology.num_vertices}.",
            "Give the data set of the actor's training.",
        )


def _cached(
    bundle: ActorBundle, data: DataSet, shots: Sequence[Shot], cache: Path, decoding: Progress | None = None
) -> FrameChoice:
    crops, size = crops_of_actor(data, bundle), (bundle.input_width_px, bundle.input_height_px)
    preparation, stabiliser = bundle.preparation, bundle.stabiliser()
    return choose_frames(
        tuple(cache_shot(shot, crops, *size, cache, decoding, preparation, stabiliser) for shot in shots), None
    )


def _calibration_crops(choice: FrameChoice) -> np.ndarray:
    """[N, num_views, H, W] uint8: frames spread evenly, and as many faces that differ most from one another."""
    half = _CALIBRATION_FRAMES // 2
    spread = np.linspace(0, len(choice) - 1, min(half, len(choice))).astype(int)
    faces = np.concatenate([_sparse(cached) for cached in choice.shots])
    distances = np.square(faces - faces.mean(axis=0)).sum(axis=1)
    furthest = []
    for _ in range(min(half, len(choice))):
        furthest.append(int(distances.argmax()))
        distances = np.minimum(distances, np.square(faces - faces[furthest[-1]]).sum(axis=1))
    return np.stack([choice.crop(index) for index in np.union1d(spread, furthest)])


def _sparse(cached: CachedShot) -> np.ndarray:
    step = max(1, cached.vertices.shape[1] // _COMPARED_VERTICES)
    return np.asarray(cached.vertices[:, ::step]).reshape(len(cached.vertices), -1)


def _try(
    bundle: ActorBundle,
    folder: Path,
    calibration: np.ndarray,
    validation: FrameChoice,
    progress: Callable[[int], None],
) -> ActorBundle:
    """A copy of the actor with the network in 8 bits and its measured cost, whatever that is."""
    shutil.copytree(bundle.folder, folder)
    write_int8(bundle, calibration, folder / INT8_FILE)
    files = dict(bundle.facts.files) | {INT8_FILE: sha256_of(folder / INT8_FILE)}
    facts = replace(bundle.facts, files=files, int8=Int8Facts(0.0, 0.0, 0.0, 0))
    (folder / FACTS_FILE).write_text(facts.to_json(), "utf-8")
    cost = _measure(ActorBundle.open(folder), validation, progress)
    (folder / FACTS_FILE).write_text(replace(facts, int8=cost).to_json(), "utf-8")
    return ActorBundle.open(folder)


def write_int8(bundle: ActorBundle, crops: np.ndarray, out: Path) -> None:
    """Write `bundle`'s network with all convolutions but the first of each view in 8 bits.

    The first sees gray levels and costs little; the linear layers behind the convolutions, those of the expected errors
    too, stay as they are, because 8 bits of them are up to centimetres wrong.

    Args:
        bundle: The actor.
        crops: [N, num_views, height, width] uint8, which tell how large values become between the layers.
        out: The ONNX file; what the actor's network keeps in other files it reads from there too.

    Raises:
        LiveDoubleError: There are no convolutions behind a first one.
    """
    model = onnx.load(str(bundle.network_path))
    _fold_weights(model.graph)
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node{index}"
    key, value = _SEEN_BY_QUANTISER
    model.metadata_props.add(key=key, value=value)
    first = _first_convolutions(model.graph)
    if sum(node.op_type == "Conv" for node in model.graph.node) == len(first):
        raise LiveDoubleError(
            f"The network of {bundle.name} has no convolutions that could be computed in int8.",
            "Use bfloat16 or float32: leave --precision out.",
        )
    with TemporaryDirectory() as folder:
        whole, quantised = Path(folder) / "whole.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, str(whole))
        quantize_static(
            str(whole),
            str(quantised),
            _Crops(crops),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu"],
            nodes_to_exclude=first,
            per_channel=True,
            # Behind a Relu nothing is below 0, so that all 8 bits count.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        result = onnx.load(str(quantised))
    _keep_beside(result, onnx.load(str(bundle.network_path), load_external_data=False))
    out.write_bytes(result.SerializeToString())
    onnx.checker.check_model(str(out))


class _Crops(CalibrationDataReader):  # type: ignore[misc]
    """Input after input, as the quantiser asks for them."""

    def __init__(self, crops: np.ndarray) -> None:
        self._batches = iter(np.split(crops, range(_BATCH_SIZE, len(crops), _BATCH_SIZE)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next one; None at the end."""
        crops = next(self._batches, None)
        return None if crops is None else {INPUT_NAME: crops}


def _fold_weights(graph: GraphProto) -> None:
    """Make constants in float32 of the convolutions' weights that are cast to it, as the quantiser needs them."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    weights = {name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.output[0] in weights]:
        values = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        graph.initializer.remove(stored[node.input[0]])
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)


def _first_convolutions(graph: GraphProto) -> list[str]:
    """Names of those that no other one comes before; nodes lie in the order of computation."""
    first: list[str] = []
    behind: set[str] = set()  # values that a convolution went into
    for node in graph.node:
        is_behind = not behind.isdisjoint(node.input)
        if node.op_type == "Conv" and not is_behind:
            first.append(node.name)
        if node.op_type == "Conv" or is_behind:
            behind.update(node.output)
    return first


def _keep_beside(model: ModelProto, source: ModelProto) -> None:
    """Let `model` read from other files what `source` reads from them."""
    beside = {one.name: one for one in source.graph.initializer if one.data_location == TensorProto.EXTERNAL}
    for tensor in model.graph.initializer:
        if tensor.name in beside:
            tensor.CopyFrom(beside[tensor.name])


class _Trial:
    """One backend at work on the validation frames."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.deviation = backend, Deviation()
        self.wrong_mm: list[np.ndarray] = []  # of the animated vertices, from the truth


def _measure(bundle: ActorBundle, validation: FrameChoice, progress: Callable[[int], None]) -> Int8Facts:
    """What 8 bits cost, with the runtime that they cost most; of several views also with each of them absent."""
    kinds = [(status.name, "int8") for status in backend_report(bundle) if "int8" in status.precisions]
    with ExitStack() as stack:
        trials = [
            _Trial(stack.enter_context(closing(open_backend(bundle, name, precision, is_offline=True))))
            for name, precision in (REFERENCE, *kinds)
        ]
        for first in range(0, len(validation), _BATCH_SIZE):
            indices = range(first, min(first + _BATCH_SIZE, len(validation)))
            crops = np.stack([validation.crop(index) for index in indices])
            truth = np.stack([validation.vertices(index) for index in indices])
            for seen in (crops, *_each_view_absent(crops)):
                solved = [trial.backend.run(seen).vertices for trial in trials]
                for trial, vertices in zip(trials, solved, strict=True):
                    trial.deviation.add(vertices, solved[0])
                    if seen is crops:
                        trial.wrong_mm.append(distances_mm(vertices, truth)[:, bundle.topology.animated])
            progress(len(indices))
    before_mm, *after_mm = (rmse_mm(np.concatenate(trial.wrong_mm)) for trial in trials)
    # Maximum by numpy: a value that is not a number stays one, and is refused.
    return Int8Facts(
        rms_mm=float(np.max([trial.deviation.rms_mm for trial in trials])),
        worst_mm=float(np.max([trial.deviation.worst_mm for trial in trials])),
        rmse_growth=float(np.max(after_mm)) / before_mm - 1,
        num_frames=len(validation),
    )


def _each_view_absent(crops: np.ndarray) -> list[np.ndarray]:
    num_views = crops.shape[1]
    absent = [crops.copy() for _ in range(num_views if num_views > 1 else 0)]
    for view, without in enumerate(absent):
        without[:, view] = 0
    return absent


def _refuse_if_too_far(tried: ActorBundle) -> None:
    cost = tried.int8
    if cost is None:
        raise ValueError("the actor was not measured in int8")
    if not (cost.worst_mm < MAX_WORST_MM and cost.rmse_growth < MAX_RMSE_GROWTH):  # nor may it be no number
        raise LiveDoubleError(
            f"In int8 the worst vertex of {tried.name} moves by {cost.worst_mm:.3f} mm ({MAX_WORST_MM} are allowed) and"
            f" its RMSE grows by {100 * cost.rmse_growth:.2f} % ({100 * MAX_RMSE_GROWTH:g} are) on {cost.num_frames}"
            " validation frames, so it is not kept and the actor is as it was.",
            "Use it in bfloat16 or float32, or train it longer or on more shots.",
        )
