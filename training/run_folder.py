"""What a training's folder says about where it came from, and when a training may be gone on with.

Rule: a training goes on only with the settings and data that decide what its steps do; how long it goes on and how
often it is looked at may change.
"""

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from engine.disk import write_whole
from engine.errors import LiveDoubleError
from engine.shots import DATASET_FILE, SHOT_FILE, TOPOLOGY_FILE, DataSet
from training.checkpoint import LAST_FILE, Checkpoint
from training.config import TrainConfig
from training.earlier import open_earlier
from training.variation import Amounts

RECORD_FILE = "record.json"
_MAY_CHANGE = frozenset({"epochs", "minutes", "validation_frames", "validation_minutes", "checkpoint_minutes"})
_PACKAGES = ("livedouble", "torch", "numpy", "scipy", "opencv-python-headless", "av")


@dataclass(frozen=True, slots=True)
class Session:
    """One start of the training command.

    Args:
        started: Date and time, ISO 8601, UTC.
        step: It began at.
        machine: Processor or accelerator, threads, precision.
        num_processes: That trained together.
        python: Its version.
        packages: Name to version, of those that decide the result.
        git_commit: Of our own source; empty where it lies in no repository, `+` behind it where files were changed.
    """

    started: str
    step: int
    machine: str
    num_processes: int
    python: str
    packages: dict[str, str]
    git_commit: str

    @classmethod
    def now(cls, step: int, machine: str, num_processes: int) -> "Session":
        """The one that begins."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(started, step, machine, num_processes, platform.python_version(), _packages(), _git_commit())


def add_to_record(
    run: Path, seed: int, checksums: dict[str, str], augmentation: Amounts | None, session: Session
) -> None:
    """Write `record.json`: the seed, the data's checksums, the amounts of augmentation, and every session so far.

    Raises:
        StorageError: It cannot be written.
    """
    path = run / RECORD_FILE
    try:
        before = json.loads(path.read_text("utf-8"))["sessions"] if path.is_file() and session.step else []
    except (ValueError, KeyError, TypeError):
        before = []  # a record that is damaged is no reason not to train
    amounts = None if augmentation is None else asdict(augmentation)
    record = {"seed": seed, "data": checksums, "augmentation": amounts, "sessions": [*before, asdict(session)]}
    write_whole(path, json.dumps(record, indent=2) + "\n")


def data_checksums(data: DataSet) -> dict[str, str]:
    """SHA-256 of a data set's manifest, topology, facts, movies and point caches, by path inside its folder."""
    paths = [data.folder / DATASET_FILE, data.folder / TOPOLOGY_FILE]
    for shot in data.shots:
        paths += [shot.folder / SHOT_FILE, shot.movie_path(), shot.folder / shot.facts.points]
        paths += [shot.movie_path(camera) for camera in shot.facts.movies if shot.movie_path(camera) not in paths]
    checksums = {}
    for path in paths:
        with path.open("rb") as file:
            checksums[path.relative_to(data.folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return checksums


def whole_checksum(checksums: dict[str, str]) -> str:
    """One SHA-256 over all of a data set's, in their order."""
    whole = hashlib.sha256()
    for checksum in checksums.values():
        whole.update(bytes.fromhex(checksum))
    return whole.hexdigest()


def data_checksum(data: DataSet) -> str:
    """One SHA-256 over a data set's manifest, topology, facts, movies and point caches."""
    return whole_checksum(data_checksums(data))


def to_go_on_with(run: Path, config: TrainConfig, checksum: str) -> Checkpoint | None:
    """The training that stopped in this folder; None where there is none.

    Raises:
        LiveDoubleError: It is another one: other settings that decide what a step does, or other data.
    """
    if not (run / LAST_FILE).is_file():
        return None
    resumed = Checkpoint.load(run / LAST_FILE)
    may_change = _MAY_CHANGE
    if resumed.config.start_from != config.start_from and _began_with(resumed, config.start_from):
        may_change |= {"start_from"}  # the same, in another place
    changed = [words for words in resumed.config.differences(config) if words.split()[0] not in may_change]
    if resumed.facts.data_checksum != checksum:
        changed.append("the data set's content")
    if changed:
        raise LiveDoubleError(
            f"The folder {run} holds a training with other settings ({', '.join(changed)}).",
            "Give the same settings to go on with it, or start in another folder.",
        )
    return resumed


def _began_with(resumed: Checkpoint, start_from: str | None) -> bool:
    began = resumed.facts.earlier
    if began is None or start_from is None:
        return False
    return open_earlier(Path(start_from)).facts.sha256 == began.sha256


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {"torch": torch.__version__}


def _git_commit() -> str:
    source = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(source), *arguments]
        return subprocess.run(command, capture_output=True, check=True, text=True, timeout=20).stdout.strip()

    try:
        # Installed among other packages, the repository around us is somebody else's.
        if Path(git("rev-parse", "--show-toplevel")) != source:
            return ""
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
