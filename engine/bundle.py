"""An actor bundle: the folder that holds one actor's network, mesh and facts, and runs anywhere.

Rule: what opens is whole; every file is compared with its checksum before anything is made of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path, PurePath
from typing import Any, Self

import numpy as np

from engine.errors import ActorError
from engine.frames import CropRect, frozen
from engine.mesh import Topology
from engine.preparation import Preparation
from engine.views import FRONT, View

SCHEMA = 1
FACTS_FILE = "bundle.json"
NETWORK_FILE = "network.onnx"
BASIS_FILE = "basis.bin"
MEAN_FILE = "mean.bin"
TOPOLOGY_FILE = "topology.npz"
SKIN_FILE = "skin.jpg"
INT8_FILE = "network.int8.onnx"  # the network with its convolutions in 8 bits, where that was found good enough
STABILISER_FILE = "stabiliser.onnx"  # of an actor that finds its head by itself
PICTURES_FILE = "pictures.bin"  # the fixed first layer of a fully connected network
REQUIRED_FILES = (NETWORK_FILE, BASIS_FILE, MEAN_FILE, TOPOLOGY_FILE)

# The network's interface, which every backend relies on.
ONNX_OPSET, ONNX_IR_VERSION = 17, 8  # ONNX Runtime, OpenVINO and TensorRT all read these
INPUT_NAME = "crops"
OUTPUT_NAMES = ("latents", "vertices")
ERRORS_NAME = "errors_mm"  # [B, V] expected errors, where the network foretells them

INT8_RECOVERY = "Make it with `livedouble quantise ACTOR --data DIR`, or leave --precision out."
_EXPORT_AGAIN = "Export the actor again, or copy its whole folder again."


def sha256_of(path: Path) -> str:
    """The file's checksum, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """The sizes of an actor's network."""

    num_latents: int
    num_vertices: int
    input_size: tuple[int, int]  # width and height of the crop, pixels
    num_parameters: int
    weights: str  # how weights and basis are stored: "float16" or "float32"
    has_skin: bool
    # Of the camera's picture, and whether errors are foretold; actors of the first version do not say.
    preparation: Preparation = Preparation.CROP
    has_errors: bool = False

    def __post_init__(self) -> None:
        if self.weights not in ("float16", "float32"):
            raise ValueError(f"weights must be float16 or float32, got {self.weights!r}")
        if min(self.num_latents, self.num_vertices, *self.input_size) < 1:
            raise ValueError("the network's sizes must be positive")

    @property
    def basis_type(self) -> np.dtype[Any]:
        """Of `basis.bin`."""
        return np.dtype("<f2" if self.weights == "float16" else "<f4")


@dataclass(frozen=True, slots=True)
class Int8Facts:
    """What the 8 bits of `INT8_FILE` cost on frames that no training saw, against the network in float32."""

    rms_mm: float  # of all vertices of all frames
    worst_mm: float  # any vertex of any frame
    rmse_growth: float  # of the distance from the truth, a share of it; below 0 where it shrank
    num_frames: int


@dataclass(frozen=True, slots=True, eq=False)
class BundleFacts:
    """What `bundle.json` holds.

    Args:
        name: The actor's.
        created: ISO 8601 date.
        views: The cameras it was trained to see, in the order of the network's input; one at least.
        network: Sizes.
        training: How it was made; whatever the training has to say, for people and reports.
        metrics: Measured on validation shots: `rmse_mm`, `mean_face_rmse_mm` and others.
        files: Checksum (SHA-256, hexadecimal) of every other file, by file name.
        int8: Of the network in 8 bits; None where there is none.
    """

    name: str
    created: str
    views: tuple[View, ...]
    network: NetworkFacts
    training: Mapping[str, Any]
    metrics: Mapping[str, float]
    files: Mapping[str, str]
    int8: Int8Facts | None = None

    def to_json(self) -> str:
        """The text of `bundle.json`."""
        network = self.network
        values = {
            "schema": SCHEMA,
            "name": self.name,
            "created": self.created,
            "views": [
                {"camera": view.camera, "crop": list(astuple(view.crop)), "frame_size": list(view.frame_size)}
                for view in self.views
            ],
            "network": {
                "num_latents": network.num_latents,
                "num_vertices": network.num_vertices,
                "input_size": list(network.input_size),
                "num_parameters": network.num_parameters,
                "weights": network.weights,
                "has_skin": network.has_skin,
                "preparation": network.preparation.value,
                "has_errors": network.has_errors,
            },
            "training": dict(self.training),
            "metrics": dict(self.metrics),
            "files": dict(self.files),
            "int8": None if self.int8 is None else asdict(self.int8),
        }
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text of `bundle.json`.

        Raises:
            ActorError: Another schema, or not an actor's facts.
        """
        try:
            values = json.loads(text)
            schema = values["schema"]
            if schema != SCHEMA:
                raise ActorError(
                    f"The actor is of schema {schema}, this version reads {SCHEMA}.",
                    "Export the actor again with this version of LiveDouble.",
                )
            network = dict(values["network"])
            input_width_px, input_height_px = network.pop("input_size")
            network["preparation"] = Preparation(network.get("preparation", Preparation.CROP))
            return cls(
                name=str(values["name"]),
                created=str(values["created"]),
                views=_read_views(values),
                network=NetworkFacts(**network, input_size=(int(input_width_px), int(input_height_px))),
                training=dict(values["training"]),
                metrics={name: float(value) for name, value in values["metrics"].items()},
                files={str(name): str(checksum) for name, checksum in values["files"].items()},
                int8=Int8Facts(**values["int8"]) if values.get("int8") else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ActorError(f"Its {FACTS_FILE} is not an actor's ({error}).", _EXPORT_AGAIN) from error


@dataclass(frozen=True, slots=True, eq=False)
class ActorBundle:
    """An actor that has been checked.

    Args:
        folder: Where it lies.
        facts: From its `bundle.json`.
        topology: Its mesh.
        basis: [num_latents, 3V] float32, cm per unit of latent.
        mean: [3V] float32, cm.
    """

    folder: Path
    facts: BundleFacts
    topology: Topology
    basis: np.ndarray
    mean: np.ndarray

    @property
    def name(self) -> str:
        """The actor's."""
        return self.facts.name

    @property
    def views(self) -> tuple[View, ...]:
        """The cameras it was trained to see; the first one is always there."""
        return self.facts.views

    @property
    def crop(self) -> CropRect:
        """What the network was trained to see of the first camera's pictures."""
        return self.views[0].crop

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Views, height and width of one moment's crops."""
        return len(self.views), self.input_height_px, self.input_width_px

    @property
    def input_width_px(self) -> int:
        """Of the network's input."""
        return self.facts.network.input_size[0]

    @property
    def input_height_px(self) -> int:
        """Of the network's input."""
        return self.facts.network.input_size[1]

    @property
    def num_latents(self) -> int:
        """Coefficients of a frame, 160."""
        return self.facts.network.num_latents

    @property
    def has_errors(self) -> bool:
        """Whether the network foretells each vertex's error."""
        return self.facts.network.has_errors

    @property
    def preparation(self) -> Preparation:
        """Of the camera's picture."""
        return self.facts.network.preparation

    def stabiliser(self) -> bytes | None:
        """The actor's own network that finds the head, an ONNX file, where its preparation needs one."""
        if self.preparation is not Preparation.SELF_STABILISED:
            return None
        return (self.folder / STABILISER_FILE).read_bytes()

    @property
    def metrics(self) -> Mapping[str, float]:
        """Measured on validation shots."""
        return self.facts.metrics

    @property
    def training(self) -> Mapping[str, Any]:
        """How it was made."""
        return self.facts.training

    @property
    def network_path(self) -> Path:
        """The ONNX file; its external data lies beside it."""
        return self.folder / NETWORK_FILE

    @property
    def int8(self) -> Int8Facts | None:
        """What its network in 8 bits costs; None where it has none."""
        return self.facts.int8

    def network_in(self, precision: str) -> Path:
        """The ONNX file that is computed in this precision.

        Raises:
            ActorError: It is `int8`, and the actor has no such network.
        """
        if precision != "int8":
            return self.network_path
        if self.int8 is None:
            raise ActorError(f"The actor {self.name} has no network in int8.", INT8_RECOVERY)
        return self.folder / INT8_FILE

    @property
    def skin_path(self) -> Path | None:
        """The texture of the viewport, where there is one."""
        return self.folder / SKIN_FILE if self.facts.network.has_skin else None

    @property
    def checksum(self) -> str:
        """SHA-256 of the network."""
        return self.facts.files[NETWORK_FILE]

    def vertices(self, latents: np.ndarray) -> np.ndarray:
        """[..., V, 3] float32, cm, of [..., num_latents] float32: the network's last, linear layer."""
        vertices: np.ndarray = latents @ self.basis + self.mean
        return vertices.reshape(*latents.shape[:-1], -1, 3)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read and check an actor.

        Raises:
            ActorError: The folder is missing, is not an actor, is of another schema, or a file is missing,
                cut off or changed.
        """
        if not folder.is_dir():
            raise ActorError(
                f"There is no actor {folder}.", "Give the folder that `livedouble export` wrote, or `demo`."
            )
        try:
            text = (folder / FACTS_FILE).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ActorError(
                f"{folder} is not an actor: it has no readable {FACTS_FILE}.",
                "Give the folder that `livedouble export` wrote.",
            ) from error
        try:
            facts = BundleFacts.from_json(text)
        except ActorError as error:
            raise ActorError(f"The actor {folder} cannot be used. {error.reason}", error.recovery) from error
        _check_files(folder, facts)
        network = facts.network
        topology = Topology.load(folder / TOPOLOGY_FILE)
        if topology.num_vertices != network.num_vertices:
            raise ActorError(
                f"The actor {folder} has {topology.num_vertices} vertices in {TOPOLOGY_FILE}"
                f" and {network.num_vertices} in {FACTS_FILE}.",
                _EXPORT_AGAIN,
            )
        num_coordinates = 3 * network.num_vertices
        basis = _read_array(folder / BASIS_FILE, network.basis_type, (network.num_latents, num_coordinates))
        mean = _read_array(folder / MEAN_FILE, np.dtype("<f4"), (num_coordinates,))
        return cls(folder, facts, topology, basis, mean)


def _read_views(values: dict[str, Any]) -> tuple[View, ...]:
    # Actors of the first version know one camera and do not name it.
    told = values.get("views") or [{"camera": FRONT, "crop": values["crop"], "frame_size": values["frame_size"]}]
    views = []
    for view in told:
        width_px, height_px = view["frame_size"]
        views.append(View(str(view["camera"]), CropRect(*view["crop"]), (int(width_px), int(height_px))))
    return tuple(views)


def _check_files(folder: Path, facts: BundleFacts) -> None:
    expected = {*REQUIRED_FILES, *([SKIN_FILE] if facts.network.has_skin else [])}
    if facts.network.preparation is Preparation.SELF_STABILISED:
        expected.add(STABILISER_FILE)
    if facts.int8 is not None:
        expected.add(INT8_FILE)
    if missing := sorted(expected - set(facts.files)):
        raise ActorError(f"The actor {folder} lists no checksum of {', '.join(missing)}.", _EXPORT_AGAIN)
    for name, checksum in facts.files.items():
        if PurePath(name).name != name:
            raise ActorError(f"The actor {folder} lists {name!r}, which is not a file inside it.", _EXPORT_AGAIN)
        try:
            found = sha256_of(folder / name)
        except OSError as error:
            raise ActorError(
                f"The actor {folder} lacks its {name} ({error.strerror}).", "Copy its whole folder again."
            ) from error
        if found != checksum:
            raise ActorError(
                f"{folder / name} was changed or cut off: its checksum is not the one in {FACTS_FILE}.", _EXPORT_AGAIN
            )


def _read_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
    data = path.read_bytes()
    expected = int(np.prod(shape)) * dtype.itemsize
    if len(data) != expected:
        raise ActorError(f"{path} has {len(data)} bytes where {expected} are expected.", _EXPORT_AGAIN)
    return frozen(np.frombuffer(data, dtype).reshape(shape).astype(np.float32, copy=False))
