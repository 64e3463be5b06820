"""Several processes train as one does."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from engine.errors import LiveDoubleError
from tests.house.repository import ROOT
from tests.training.tiny_data import TINY, write_tiny_data
from tests.training.torchrun_tiny import main
from training.batches import Share, check_shares, choose_indices
from training.checkpoint import LAST_FILE, Checkpoint
from training.diary import METRICS_FILE


def test_the_shares_of_a_batch_make_it_up(tmp_path):
    for config in (TINY, replace(TINY, velocity_weight=1.0)):
        config = replace(config, batch_size=12)
        epoch, whole = choose_indices(60, config, 7, 5)
        shares = [choose_indices(60, config, 7, 5, Share(rank, 3)) for rank in range(3)]
        assert [index for _, indices in shares for index in indices] == whole.tolist()
        assert {one for one, _ in shares} == {epoch} == {1}


def test_a_batch_that_cannot_be_shared_equally_is_refused():
    check_shares(60, replace(TINY, batch_size=6), 3)
    with pytest.raises(LiveDoubleError, match="4 processes cannot share the 6 frames"):
        check_shares(60, replace(TINY, batch_size=6), 4)
    with pytest.raises(LiveDoubleError, match="2 processes cannot share the 3 pairs"):
        check_shares(60, replace(TINY, batch_size=6, velocity_weight=1.0), 2)


def test_two_processes_match_one(tmp_path):
    data = tmp_path / "data"
    write_tiny_data(data, 12)
    threads = torch.get_num_threads()
    main(data, tmp_path / "one")
    torch.set_num_threads(threads)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "tests.training.torchrun_tiny", str(data), str(tmp_path / "two")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 processes, 6 steps") == 1
    assert done.stdout.count("million parameters") == 1  # the first process alone speaks
    assert "process 1 of 2" in done.stdout

    one, two = (Checkpoint.load(tmp_path / run / LAST_FILE) for run in ("one", "two"))
    for name, weights in one.network.items():
        assert torch.allclose(weights, two.network[name], rtol=1e-3, atol=1e-5), name
    rows = [(tmp_path / run / METRICS_FILE).read_text().splitlines() for run in ("one", "two")]
    assert [len(of_run) for of_run in rows] == [2, 2]
    assert {path.name for path in (tmp_path / "one").iterdir()} == {path.name for path in (tmp_path / "two").iterdir()}
