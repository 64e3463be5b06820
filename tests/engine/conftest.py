import pytest

from engine.bundle import ActorBundle
from tests.fakes import tiny_bundle, with_int8


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """A small actor that nobody changes."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    return tiny_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_int8(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """The same actor with a network in 8 bits as well."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    pytest.importorskip("export.network.int8", reason="its 8 bits are made by the export")
    return with_int8(tiny_bundle(tmp_path_factory.mktemp("tiny-int8")))
