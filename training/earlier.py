"""Starting from an earlier network instead of random weights: a training's best, or an actor that was exported.

Rule: all of it is taken over, its whitening too; or, for a new face, all but mean mesh and whitening. What does not fit
is refused before anything long begins.
Expected errors alone may be missing on either side.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from engine.bundle import FACTS_FILE, ActorBundle, sha256_of
from engine.errors import LiveDoubleError
from engine.mesh import Topology
from engine.preparation import Preparation
from training.checkpoint import BEST_FILE, Checkpoint, EarlierFacts
from training.config import TrainConfig
from training.networks import FaceNetwork
from training.networks.convolutions import ConvolutionalEncoder

__all__ = ["Earlier", "open_earlier"]

_ERRORS = "to_errors."
_OF_A_PERSON = ("to_vertices.bias", "pixel_mean", "pixel_deviation")


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """A network to start from.

    Args:
        facts: For the record.
        views: Its cameras, in order.
        preparation: Of their pictures.
        input_size: Width and height of its input, pixels.
        num_vertices: Of its mesh.
        faces: [F, 3] int32 of its mesh; None where it does not tell.
        source: The checkpoint or the actor.
        stabiliser: Its own network that finds the head, where it has one.
    """

    facts: EarlierFacts
    views: tuple[str, ...]
    preparation: Preparation
    input_size: tuple[int, int]
    num_vertices: int
    faces: np.ndarray | None
    source: Checkpoint | ActorBundle
    stabiliser: bytes | None = None

    def check(self, config: TrainConfig, topology: Topology) -> None:
        """Refuse settings or a mesh that it was not made for.

        Raises:
            LiveDoubleError: It sees other cameras, other pictures, or its mesh is another.
        """
        size = config.input_width_px, config.input_height_px
        # Who has learned to see a head move sees one that is held still, too.
        preparation = config.preparation if self.preparation is Preparation.CROP else self.preparation
        for what, there, here in (
            ("cameras", ", ".join(self.views), ", ".join(config.views)),
            ("preparation of pictures", preparation.value, config.preparation.value),
            ("input", "{}x{}".format(*self.input_size), "{}x{}".format(*size)),
            ("number of vertices", self.num_vertices, topology.num_vertices),
        ):
            if there != here:
                raise _another(self.facts.name, f"its {what}: {there} there, {here} here")
        if self.faces is not None and not np.array_equal(self.faces, topology.faces):
            raise LiveDoubleError(
                f"The actor {self.facts.name} has another mesh than the data set.",
                "Start from an actor of the same mesh.",
            )

    def give(self, network: FaceNetwork, *, is_new_face: bool = False) -> None:
        """Its weights to a new network on the CPU.

        Args:
            network: Primed with the data's own meshes and gray levels.
            is_new_face: Leave it their means.

        Raises:
            LiveDoubleError: The network is of other sizes.
        """
        source = self.source
        weights = source.network if isinstance(source, Checkpoint) else _of_actor(source, network)
        own = network.state_dict()
        if is_new_face:
            weights = {**weights, **{name: own[name] for name in _OF_A_PERSON}}
        expected = {name: tuple(values.shape) for name, values in own.items()}
        found = {name: tuple(values.shape) for name, values in weights.items() if name in own or _counts(name)}
        for name in sorted(expected.keys() | found.keys()):
            there, here = found.get(name), expected.get(name)
            if there != here and (_counts(name) or there is not None):
                raise _another(self.facts.name, f"{name} is {there or 'missing'} there, {here or 'not asked for'} here")
        network.load_state_dict({**own, **{name: weights[name] for name in found}})


def open_earlier(folder: Path) -> Earlier:
    """Read a training's best network, or an actor.

    Raises:
        LiveDoubleError: There is neither, or it is damaged.
    """
    if (folder / BEST_FILE).is_file():
        return _of_training(folder)
    if (folder / FACTS_FILE).is_file():
        actor = ActorBundle.open(folder)
        told = actor.training
        frames, epochs, seconds = (told.get(name) for name in ("frames", "epochs", "seconds"))
        return Earlier(
            EarlierFacts(actor.name, actor.checksum, frames, epochs, seconds),
            tuple(view.camera for view in actor.views),
            actor.preparation,
            (actor.input_width_px, actor.input_height_px),
            actor.topology.num_vertices,
            actor.topology.faces,
            actor,
            actor.stabiliser(),
        )
    raise LiveDoubleError(
        f"{folder} is neither a training that was validated nor an actor.",
        "Give the folder of `livedouble train` or of `livedouble export`.",
    )


def _of_training(folder: Path) -> Earlier:
    checkpoint = Checkpoint.load(folder / BEST_FILE)
    facts, state, shape = checkpoint.facts, checkpoint.state, checkpoint.shape
    sha256 = sha256_of(folder / BEST_FILE)
    return Earlier(
        EarlierFacts(folder.name, sha256, facts.num_training_frames, checkpoint.epochs, state.elapsed_s),
        checkpoint.config.views,
        checkpoint.config.preparation,
        (shape.input_width_px, shape.input_height_px),
        shape.num_vertices,
        None,
        checkpoint,
        checkpoint.stabiliser,
    )


def _another(name: str, what: str) -> LiveDoubleError:
    return LiveDoubleError(
        f"The network of {name} is another one than the settings ask for ({what}).",
        "Give the settings it was trained with, or start without it.",
    )


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
    for view, tower in enumerate(network.encoder.towers):
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
