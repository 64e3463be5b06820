from dataclasses import replace

import pytest
import torch

from engine.shots import SKIN_FILE, DataSet
from tests.training.tiny_data import TINY, write_tiny_data
from training.checkpoint import BEST_FILE, Checkpoint
from training.device import choose_compute
from training.loop import Watch, train


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "tiny"
    write_tiny_data(folder, 30)
    (folder / SKIN_FILE).write_bytes(b"a texture")
    return DataSet.open(folder)


@pytest.fixture(scope="session")
def run(data, tmp_path_factory):
    """The folder of a short training."""
    folder = tmp_path_factory.mktemp("export-run") / "run"
    threads = torch.get_num_threads()
    watch = Watch(lambda _: None, lambda *_: None, lambda _: None, lambda: False)
    train(data, replace(TINY, epochs=8), folder, choose_compute("cpu", 1), data.folder / ".crops", watch)
    torch.set_num_threads(threads)
    return folder


@pytest.fixture(scope="session")
def checkpoint(run):
    return Checkpoint.load(run / BEST_FILE)
