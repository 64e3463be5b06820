"""Starting from an earlier network instead of random weights: a training's best, or an actor that was exported.

Rule: all of it is taken over, its whitening too, or none; what does not fit is refused. Expected errors alone may be
missing on either side.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from engine.bundle import FACTS_FILE, ActorBundle
from engine.errors import LiveDoubleError
from engine.mesh import Topology
from training.checkpoint import BEST_FILE, Checkpoint
from training.networks import FaceNetwork
from training.networks.convolutions import ConvolutionalEncoder

_ERRORS = "to_errors."


def start_from(network: FaceNetwork, folder: Path, topology: Topology) -> str:
    """Give a network an earlier one's weights.

    Args:
        network: On the CPU; of the earlier one's sizes.
        folder: Of a training, or of an actor.
        topology: Of the mesh that is learned.

    Returns:
        One line for people.

    Raises:
        LiveDoubleError: There is neither, it is of another mesh or of other sizes.
    """
    if (folder / BEST_FILE).is_file():
        checkpoint = Checkpoint.load(folder / BEST_FILE)
        weights, what = checkpoint.network, f"the training {folder}, {checkpoint.state.best_rmse_mm:.3f} mm"
    elif (folder / FACTS_FILE).is_file():
        actor = ActorBundle.open(folder)
        if not np.array_equal(actor.topology.faces, topology.faces):
            raise LiveDoubleError(
                f"The actor {folder} has another mesh than the data set.", "Start from an actor of the same mesh."
            )
        weights, what = _of_actor(actor, network), f"the actor {actor.name}"
    else:
        raise LiveDoubleError(
            f"{folder} is neither a training nor an actor.",
            "Give the folder of `livedouble train` or of `livedouble export`.",
        )
    own = network.state_dict()
    expected = {name: tuple(values.shape) for name, values in own.items()}
    found = {name: tuple(values.shape) for name, values in weights.items() if name in own or _counts(name)}
    wrong = [
        f"{name} is {found.get(name, 'missing')} there, {expected.get(name, 'not asked for')} here"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name) and (_counts(name) or name in found)
    ]
    if wrong:
        raise LiveDoubleError(
            f"The network of {folder} is another one than the settings ask for ({wrong[0]}).",
            "Give the settings it was trained with, or start without it.",
        )
    network.load_state_dict({**own, **{name: weights[name] for name in found}})
    return f"Starting from {what}."


def _counts(name: str) -> bool:
    return not name.startswith(_ERRORS)


def _of_actor(actor: ActorBundle, network: FaceNetwork) -> dict[str, Tensor]:
    """An actor's weights by our names, from the names that `export.network.graph` gives them."""
    if not isinstance(network.encoder, ConvolutionalEncoder):
        raise LiveDoubleError(
            f"The actor {actor.folder} cannot be gone on from: only convolutional networks can.",
            "Start from the training's own folder instead.",
        )
    graph = onnx.load(actor.network_path, load_external_data=False).graph
    stored = {
        constant.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(constant).astype(np.float32))
        for constant in graph.initializer
        if constant.data_location != onnx.TensorProto.EXTERNAL
    }
    names = {"to_latents": "to_latents", "errors.hidden": "to_errors.hidden", "errors.output": "to_errors.output"}
    for view, tower in zip(range(len(actor.views)), network.encoder.towers, strict=False):
        prefix = f"view{view}." if len(actor.views) > 1 else ""
        places = [place for place, module in enumerate(tower) if isinstance(module, nn.Conv2d)]
        for index, place in enumerate(places):
            names[f"{prefix}convolution{index}"] = f"encoder.towers.{view}.{place}"
    ours = {
        "pixel_mean": "pixel_mean",
        "pixel_deviation": "pixel_deviation",
        "errors.scale": "to_errors.scale",
        **{f"{there}.{part}": f"{here}.{part}" for there, here in names.items() for part in ("weight", "bias")},
    }
    weights = {here: stored[there] for there, here in ours.items() if there in stored}
    weights["to_vertices.weight"] = torch.from_numpy(actor.basis.T.copy())
    weights["to_vertices.bias"] = torch.from_numpy(actor.mean.copy())
    return weights
