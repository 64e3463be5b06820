import pytest
import torch

from tests.training.place import Place
from tests.training.tiny_data import write_tiny_data


@pytest.fixture(scope="session")
def sixty_frames(tmp_path_factory):
    """A tiny data set, to be read only."""
    return write_tiny_data(tmp_path_factory.mktemp("loop") / "tiny", 30)


@pytest.fixture
def place(sixty_frames, tmp_path):
    """Room for runs; torch's threads are afterwards what they were."""
    threads = torch.get_num_threads()
    yield Place(sixty_frames, tmp_path)
    torch.set_num_threads(threads)
