"""TensorRT, or TensorRT for RTX, on an NVIDIA GPU: float16 or 8 bits inside, float32 where it decides millimetres.

Rule: creating a TensorRT runtime without a driver can end the process, so the driver is asked first. What it solves is
compared with ONNX Runtime before an engine is trusted and kept.
"""

import hashlib
import importlib
import logging
from contextlib import ExitStack, closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import numpy as np

from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.backends.centred import int8_network
from engine.backends.engines import EngineKey, engine_folder, keep_engine, load_engine
from engine.backends.half import float16_network
from engine.backends.proof import check_solution
from engine.backends.trt_engine import Engine, build_plan, title
from engine.backends.trt_pictures import TrtPictures
from engine.bundle import ActorBundle
from engine.errors import BackendError
from engine.frames import CropRect
from engine.gpu.driver import Gpu, Stream, compute_capability
from engine.machine import probe_gpu
from engine.optional import is_installed

NAME = "tensorrt"
PRECISIONS = ("float16",)  # of every actor

_NETWORKS = {"float16": float16_network, "int8": int8_network}
_MODULES = ("tensorrt", "tensorrt_rtx")  # of one interface; the first that loads is used
_INSTALL = "pip install 'livedouble[tensorrt]', or 'livedouble[rtx]' for GeForce and RTX cards"
_TENSORRT = "TensorRT"
# Packages by what is imported of them; one of a package's modules is enough.
_NEEDED = {_TENSORRT: _MODULES, "cuda-bindings": ("cuda.bindings.driver",), "onnx": ("onnx",)}
_log = logging.getLogger(__name__)


def status() -> BackendStatus:
    """Whether it can run here; the reason names all that is missing. Without a driver nothing of it is loaded."""
    gpu, installed = probe_gpu(), _installed_version()
    missing = [gpu.reason] if gpu.reason else []
    absent = [name for name, modules in _NEEDED.items() if not any(is_installed(module) for module in modules)]
    if absent:
        missing.append(f"not installed: {', '.join(absent)} ({_INSTALL})")
    if not gpu.reason and _TENSORRT not in absent:
        try:
            tensorrt = _import_tensorrt()
            installed = str(tensorrt.__version__)
            unserved = "" if absent else _unserved(tensorrt, gpu.names[0])
            missing += [unserved] if unserved else []
        except (ImportError, OSError) as error:
            missing.append(f"it does not load ({error}; {_INSTALL})")
        except BackendError as error:
            missing.append(error.reason.rstrip("."))  # what to do instead is said by who asked
    return BackendStatus(NAME, not missing, installed, () if missing else PRECISIONS, "; ".join(missing))


def has_engine(bundle: ActorBundle, precision: str, cache: Path | None = None) -> bool:
    """Whether the engine for single crops was built before, so that it starts at once. Only where it can run.

    Raises:
        BackendError: The network is damaged, or other users may write where engines are kept.
    """
    tensorrt = _import_tensorrt()
    with closing(Gpu()) as gpu:
        key = _key(tensorrt, gpu, _NETWORKS[precision](bundle, 1), 1)
    return load_engine(cache or engine_folder(), key) is not None


class TrtBackend:
    """One engine for single crops, which takes a camera's pictures too, and one for another batch size when asked for.

    Vertices are computed on the GPU: by arithmetic they cost a few microseconds there and as many to bring down, where
    a processor needs tens of them.

    Args:
        bundle: The actor.
        precision: `float16`, or `int8` of an actor that has such a network.
        num_threads: Of the processor, for the comparison with ONNX Runtime.
        cache: Folder of engines; by default the user's.

    Raises:
        BackendError: The network is damaged, TensorRT cannot build or run it, or solves it wrongly.
        StorageError: An engine cannot be kept.
    """

    name = NAME

    def __init__(self, bundle: ActorBundle, precision: str, num_threads: int, cache: Path | None = None) -> None:
        self.precision = precision
        self._bundle, self._num_threads = bundle, num_threads
        self._folder = cache or engine_folder()
        self._tensorrt = _import_tensorrt()
        with ExitStack() as held:
            self._gpu = held.enter_context(closing(Gpu()))
            self._stream = held.enter_context(closing(Stream(self._gpu)))
            self._title = f"{self._gpu.name}, {title(self._tensorrt)}"
            self._single = self._batch = self._engine(1)
            self._held = held.pop_all()
        self._pictures: TrtPictures | None = None
        self._refusal = ""  # why it takes none

    @property
    def provider(self) -> str:
        """See `Backend.provider`; says too where the GPU does not prepare pictures, and why."""
        refusal = f"; pictures are prepared on the processor: {self._refusal}" if self._refusal else ""
        return self._title + refusal

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`; a batch size other than the last one takes a while, its engine being built."""
        check_crops(crops, self._bundle)
        self._gpu.make_current()
        if len(crops) == 1:
            return self._single.run(crops)
        if len(crops) != self._batch.batch_size:
            if self._batch is not self._single:
                self._batch.close()
                self._batch = self._single
            self._batch = self._engine(len(crops))
        return self._batch.run(crops)

    def pictures(self, image: np.ndarray, crop: CropRect) -> TrtPictures | None:
        """See `TakesPictures.pictures`; takes some tenths of a second where size or kind are new."""
        if self._pictures is not None and self._pictures.fits(image):
            return self._pictures
        if self._refusal or (self._pictures is not None and self._pictures.num_waiting):
            return None
        self._gpu.make_current()
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None
        try:
            self._pictures = TrtPictures(self._single, self._stream, image, crop, self._title, self.precision)
        except BackendError as error:
            _log.warning("Pictures are prepared on the processor: %s", error.reason)
            self._refusal = error.reason
        return self._pictures

    def close(self) -> None:
        """Release the engines and the GPU."""
        self._gpu.make_current()
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None
        for engine in {self._single, self._batch}:
            engine.close()
        self._held.close()

    def _engine(self, batch_size: int) -> Engine:
        """From the cache, or built, compared and kept."""
        network = _NETWORKS[self.precision](self._bundle, batch_size)
        key = _key(self._tensorrt, self._gpu, network, batch_size)
        plan = load_engine(self._folder, key)
        if plan is not None:
            try:
                return Engine(self._tensorrt, self._stream, plan, self._bundle, batch_size)
            except BackendError as error:  # whole, and yet it does not run: something has changed that no key tells
                _log.warning("The engine that was kept is built again: %s", error.reason)
        plan = build_plan(self._tensorrt, network)
        engine = Engine(self._tensorrt, self._stream, plan, self._bundle, batch_size)
        with ExitStack() as undo:
            undo.callback(engine.close)
            check_solution(engine.run, self._title, self.precision, self._bundle, self._num_threads, batch_size)
            keep_engine(self._folder, key, plan)
            undo.pop_all()
        return engine


def _key(tensorrt: ModuleType, gpu: Gpu, network_file: bytes, batch_size: int) -> EngineKey:
    return EngineKey(
        network=hashlib.sha256(network_file).hexdigest(),
        runtime=title(tensorrt),
        gpu=f"{gpu.name} ({gpu.capability})",
        driver=probe_gpu().driver_cuda,
        batch_size=batch_size,
    )


def _import_tensorrt() -> ModuleType:
    failure: ImportError | OSError | None = None
    for module in _MODULES:
        try:
            return importlib.import_module(module)
        except (ImportError, OSError) as error:
            is_absent = isinstance(error, ModuleNotFoundError) and error.name == module
            failure = failure if is_absent and failure is not None else error
    raise failure or ImportError(NAME)


def _installed_version() -> str:
    for package in _MODULES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


def _unserved(tensorrt: ModuleType, gpu_name: str) -> str:
    """Why it has no code for the first GPU, if so; TensorRT for RTX names the compute capabilities it builds for."""
    capability = compute_capability()
    served = getattr(tensorrt, "ComputeCapability", None)
    if served is None or f"SM{capability.replace('.', '')}" in served.__members__:
        return ""
    return f"{title(tensorrt)} does not serve {gpu_name} (compute capability {capability})"
