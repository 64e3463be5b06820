"""One process at a time writes in a data set's folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claim import claimed
from engine.errors import StorageError
from training import processes
from training.processes import StopWork, Work

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that works on `tmp_path / "data"`."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom engine.claim import claimed\n"
        "with claimed(Path(sys.argv[1])):\n    print('mine', flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with process:
        yield process


def test_a_second_process_is_refused_until_the_first_is_gone_even_by_a_kill(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline() == "mine\n"
    with (
        pytest.raises(StorageError, match="Another process is writing into") as refused,
        claimed(tmp_path / "data"),
    ):
        pytest.fail("two at once")
    assert "Wait until it is done" in refused.value.recovery
    assert (tmp_path / "data").is_dir(), "what is another's is left alone"
    holder.kill()
    holder.wait(10)
    with claimed(tmp_path / "data"):
        (tmp_path / "data" / "shot").mkdir()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["shot"]


def test_what_failed_leaves_no_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for folder in (tmp_path / "new" / "data", tmp_path / "there"):
        with pytest.raises(KeyError), claimed(folder):
            raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="could not be written"), claimed(tmp_path / "file" / "data"):
        pytest.fail("a folder in a file")


def test_a_worker_that_was_told_to_stop_counts_no_further() -> None:
    work = Work.of(processes.mp.get_context("spawn"))
    work.count()
    work.stop()
    with pytest.raises(StopWork):
        work.count()
    assert work.num_done == 1


def test_a_worker_whose_parent_is_gone_ends_on_the_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def is_alive(self) -> bool:
            return False

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(processes.mp, "parent_process", Gone)
    monkeypatch.setattr(processes.os, "_exit", leave)
    with pytest.raises(SystemExit):
        Work().check()
