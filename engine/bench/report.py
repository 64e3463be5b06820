"""What a benchmark says: plain values, which become its JSON file as they are.

Rule: what could not be measured is None or left out, and named in `left_out` or `absent` with the reason; never zero.
"""

from dataclasses import asdict, dataclass
from typing import Any

from engine.backends.parity import Parity
from engine.backends.work import NetworkWork
from engine.machine import MachineFacts

SCHEMA = 2
WITH_COPIES = "the crop made of each picture, the network, its results copied into arrays of one's own"
WITHOUT_COPIES = "the network's input made beforehand, its results left where the runtime puts them"


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """What Laine et al. 2017 report in Table 1: of their network on their GPU, and of what they compare it with."""

    source: str = "Laine et al. 2017, Table 1"
    gpu: str = "NVIDIA Titan X"
    online_fps: float = 287.0
    batched_fps: float = 870.0
    batch: int = 200
    others: str = "Cao et al. 2014 and Thies et al. 2016"
    others_fps: float = 28.0


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The network alone, without copies: crops in, vertices out. Milliseconds are of a whole batch."""

    backend: str
    precision: str
    batch: int
    is_offline: bool  # opened for the most frames a second rather than for the least delay
    fps: float  # the median of the rounds
    p50_ms: float
    p95_ms: float
    p99_ms: float
    num_runs: int
    of_online: float | None  # times those of the same, one frame at a time in the same rounds; None: that is this
    of_reference: float  # times the frames a second of ONNX Runtime in float32, the median of the rounds
    of_floor: float | None  # share of the matrix rate of this precision in the same rounds; None: that was not measured


@dataclass(frozen=True, slots=True)
class LineResult:
    """A camera picture in, vertices out, one at a time, with copies (`WITH_COPIES`)."""

    backend: str
    precision: str
    picture: str  # "1200x1600 colour" or "1200x1600 mono"
    fps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    crop_p50_ms: float
    network_p50_ms: float
    num_runs: int
    of_reference: float  # times the frames a second of ONNX Runtime in float32 with the same pictures
    prepared_fps: float  # without copies (`WITHOUT_COPIES`), in the same rounds


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage by itself, one picture at a time."""

    stage: str  # "decode", "upload", "crop", "download" or "rebuild"
    what: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    num_runs: int


@dataclass(frozen=True, slots=True)
class MatrixRate:
    """Products of square matrices, measured in the rounds of the online figures."""

    by: str  # the runtime that computed them
    precision: str
    multiply_adds_per_s: float


@dataclass(frozen=True, slots=True)
class Floor:
    """The least one frame can take by itself: what the fastest matrix product of its precision would need."""

    precision: str
    arithmetic_ms: float  # the network's multiply-adds at that rate
    weights_ms: float  # reading all weights once from memory, at the copy rate; caches may spare some


@dataclass(frozen=True, slots=True)
class PowerResult:
    """Frames one after the other, online, while the meters ran; None where a meter is absent."""

    backend: str
    precision: str
    fps: float
    processor_watts: float | None
    processor_mhz: float | None  # mean over the cores
    gpu_watts: float | None
    gpu_mhz: float | None
    joules_per_frame: float | None  # of processor and GPU, those that were read


@dataclass(frozen=True, slots=True)
class ColdStart:
    """A new process, from its start to one solved frame and its end."""

    backend: str
    precision: str
    first_frame_ms: float
    load_ms: float  # loading network and backend again in a process that has its libraries, to one solved frame


@dataclass(frozen=True, slots=True)
class BenchReport:
    """Everything that was measured, and on what."""

    schema: int
    created: str  # ISO 8601, UTC
    command: str  # empty where no command was typed
    actor: str
    checksum: str  # of the network
    num_vertices: int
    num_parameters: int
    num_threads: int
    num_rounds: int
    is_whole: bool  # False: it was stopped; what was not reached is named in `left_out`
    machine: MachineFacts
    paper: PaperFigures
    work: NetworkWork
    with_copies: str
    without_copies: str
    results: tuple[BatchResult, ...]
    lines: tuple[LineResult, ...]
    stages: tuple[StageResult, ...]
    rates: tuple[MatrixRate, ...]
    copy_bytes_per_s: float  # each byte read once and written once, by one core
    floors: tuple[Floor, ...]
    power: tuple[PowerResult, ...]
    cold_starts: tuple[ColdStart, ...]
    parity: tuple[Parity, ...]  # of everything that runs here, whatever was asked for
    parity_pictures: str  # what was solved for it
    left_out: tuple[str, ...]  # backends, precisions and batches that cannot run here, and why
    absent: tuple[str, ...]  # stages and meters this machine does not have, and why

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
