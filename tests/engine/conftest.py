import pytest

from engine.bundle import ActorBundle
from tests.fakes import tiny_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """A small actor that nobody changes."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    return tiny_bundle(tmp_path_factory.mktemp("tiny"))
