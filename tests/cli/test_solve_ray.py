"""`livedouble solve --ray`: two machines of a cluster, both on this one, and one that dies in the middle."""

import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.movies import MovieWriter
from tests.cli.command_line import SCRIPT, livedouble
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="ray is not installed; `make test-all` installs it"
    ),
]

_REPOSITORY = Path(__file__).resolve().parents[2]
_NUM_MOVIES, _NUM_FRAMES = 4, 9000
_SOON_S, _LATE_S = 0.05, 180.0


class _Cluster:
    """Machines that are process groups of their own, with a token that nobody else has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(_REPOSITORY),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self.machines: list[subprocess.Popen[bytes]] = []

    def add_machine(self) -> None:
        """Start one with one core; the first is the head."""
        where = ["--address", self.address]
        if not self.machines:
            port = self.address.partition(":")[2]
            # A socket's path may have 107 letters, so not in the test's own folder.
            where = ["--head", "--port", port, "--include-dashboard=false"]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *where, "--num-cpus=1", "--block"]
        log = (self._folder / f"machine{len(self.machines)}.log").open("wb")
        self.machines.append(
            subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True, cwd=self._folder
            )
        )
        log.close()

    def num_machines(self) -> int:
        """That the head knows of as alive."""
        script = (
            f"import ray; ray.init(address='{self.address}', log_to_driver=False, logging_level='ERROR')\n"
            "print(sum(node['Alive'] for node in ray.nodes()))"
        )
        command = [sys.executable, "-W", "ignore", "-c", script]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=_LATE_S)
        return int(done.stdout.split()[-1]) if done.returncode == 0 else 0

    def stop(self, machine: subprocess.Popen[bytes]) -> None:
        """End it at once with everything on it, as when its plug is pulled."""
        members = _group(machine.pid)
        os.killpg(machine.pid, signal.SIGKILL)
        for member in members:
            try:
                os.kill(member, signal.SIGKILL)
            except ProcessLookupError:
                continue
        machine.wait(_LATE_S)


def _group(session: int) -> set[int]:
    """Processes of a session; its workers have groups of their own."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(fields[3]) == session:
            found.add(int(entry.name))
    return found


def _wait_until(is_so: Callable[[], bool]) -> None:
    never = threading.Event()
    for _ in range(round(_LATE_S / _SOON_S)):
        if is_so():
            return
        never.wait(_SOON_S)
    raise AssertionError("waited in vain")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[_Cluster]:
    made = _Cluster(tmp_path)
    try:
        made.add_machine()
        _wait_until(lambda: made.num_machines() == 1)
        made.add_machine()
        _wait_until(lambda: made.num_machines() == 2)
        yield made
    finally:
        for machine in made.machines[::-1]:
            if machine.poll() is None:
                made.stop(machine)


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shared")
    size = TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX
    paths = [folder / f"shot{number}.mp4" for number in range(_NUM_MOVIES)]
    for number, path in enumerate(paths):
        with MovieWriter(path, *size, Fraction(25), crf=10, is_gray=True, preset="ultrafast") as writer:
            for index in range(_NUM_FRAMES):
                writer.write(np.full(size[::-1], (index // 15 + 10 * number) % 256, np.uint8))
    return paths


@pytest.fixture
def begun(cluster: _Cluster, actor: Path, movies: list[Path], tmp_path: Path) -> "subprocess.Popen[str]":
    """The command, with a movie at work on each machine."""
    folder = tmp_path / "solved"
    command = [sys.executable, "-c", SCRIPT, *_command(cluster, actor, movies, folder)]
    driver = subprocess.Popen(command, env=cluster.environment, stderr=subprocess.PIPE, text=True)

    def both_are_at_work() -> bool:
        assert driver.poll() is None, driver.communicate()
        rows = list(folder.glob("*.partial/rows.bin"))
        return len(rows) == 2 and all(path.stat().st_size > 50 * 4 * 161 for path in rows)

    _wait_until(both_are_at_work)
    return driver


def _command(cluster: _Cluster, actor: Path, movies: list[Path], folder: Path) -> list[str]:
    return ["solve", *map(str, movies), "--out", str(folder), "--ray", cluster.address, *_settings(actor)]


def _settings(actor: Path) -> list[str]:
    return ["--actor", str(actor), "--batch", "2", "--no-vertices", "--backend", "onnxruntime"]


def _assert_whole(folder: Path, actor: Path, movies: list[Path]) -> None:
    """Every movie is done, after going on, with the very frames that one machine solves."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    records = {record["file"]: record for record in manifest["movies"]}
    assert sorted(records) == [f"shot{number}.npz" for number in range(_NUM_MOVIES)]
    assert {(record["state"], record["frames"]) for record in records.values()} == {("done", _NUM_FRAMES)}
    assert [record["first_frame"] for record in records.values() if record["first_frame"]], "nothing went on"
    assert list(folder.glob("*.partial")) == []
    whole = folder.with_name("whole")
    assert livedouble("solve", *movies, "--out", whole, *_settings(actor)).code == 0
    for path in movies:
        with np.load(folder / f"{path.stem}.npz") as found, np.load(whole / f"{path.stem}.npz") as expected:
            np.testing.assert_allclose(found["latents"], expected["latents"], atol=1e-5)


def test_a_machine_that_dies_in_the_middle_loses_and_doubles_no_frame(
    cluster: _Cluster, begun: "subprocess.Popen[str]", actor: Path, movies: list[Path], tmp_path: Path
) -> None:
    cluster.stop(cluster.machines[1])
    _, words = begun.communicate(timeout=_LATE_S)
    assert begun.returncode == 0, words
    _assert_whole(tmp_path / "solved", actor, movies)


def test_a_command_that_is_stopped_stops_the_machines_and_goes_on(
    cluster: _Cluster, begun: "subprocess.Popen[str]", actor: Path, movies: list[Path], tmp_path: Path
) -> None:
    begun.send_signal(signal.SIGINT)
    _, words = begun.communicate(timeout=_LATE_S)
    assert begun.returncode == 130, words
    assert "The same command goes on" in words
    command = [sys.executable, "-c", SCRIPT, *_command(cluster, actor, movies, tmp_path / "solved")]
    done = subprocess.run(command, env=cluster.environment, capture_output=True, text=True, timeout=_LATE_S)
    assert done.returncode == 0, done.stderr
    _assert_whole(tmp_path / "solved", actor, movies)


def test_a_cluster_that_does_not_answer_or_has_another_token_is_one_line(
    cluster: _Cluster, actor: Path, movies: list[Path], tmp_path: Path
) -> None:
    command = ["solve", *map(str, movies), "--actor", str(actor), "--out", str(tmp_path / "solved")]
    stranger = {**cluster.environment, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    for address, environment in (("127.0.0.1:9", cluster.environment), (cluster.address, stranger)):
        arguments = [sys.executable, "-c", SCRIPT, *command, "--ray", address]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=_LATE_S)
        assert done.returncode == 2, done.stderr
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("livedouble: The Ray cluster"), done.stderr
