"""A machine without a graphics card can still compile an actor for one: the builder of TensorRT-RTX needs none."""

import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from app.cli.console import DEMO_ACTOR
from engine.backends import trt_engine as backend
from engine.backends.centred import int8_network
from engine.backends.half import float16_network
from engine.bundle import ERRORS_NAME, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError
from tests.fakes import tiny_bundle, with_int8

pytestmark = pytest.mark.slow


@pytest.fixture
def trt() -> ModuleType:
    reason = "tensorrt_rtx is not installed; `make test-all` installs it"
    return pytest.importorskip("tensorrt_rtx", reason=reason)


@pytest.fixture(params=["tiny", "demo"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> ActorBundle:
    if request.param == "demo":
        return ActorBundle.open(DEMO_ACTOR)
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    return tiny_bundle(tmp_path / "tiny")


def test_an_exported_actor_is_parsed_and_built_for_one_to_two_hundred_frames(
    trt: ModuleType, bundle: ActorBundle
) -> None:
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    is_parsed = parser.parse_from_file(str(bundle.network_path))
    assert is_parsed, [str(parser.get_error(index)) for index in range(parser.num_errors)]
    assert [network.get_output(index).name for index in range(network.num_outputs)] == [
        *OUTPUT_NAMES,
        *([ERRORS_NAME] if bundle.has_errors else []),
    ]

    profile = builder.create_optimization_profile()
    crop = (1, bundle.input_height_px, bundle.input_width_px)
    profile.set_shape(INPUT_NAME, (1, *crop), (1, *crop), (200, *crop))
    config = builder.create_builder_config()
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    assert plan is not None
    assert plan.nbytes > 4 * bundle.facts.network.num_parameters / 2


@pytest.mark.parametrize("batch_size", [1, 200])
def test_the_float16_network_of_an_actor_is_built_as_the_backend_builds_it(
    trt: ModuleType, bundle: ActorBundle, batch_size: int
) -> None:
    plan = backend.build_plan(trt, float16_network(bundle, batch_size), "SM89")
    assert len(plan) > 2 * bundle.facts.network.num_parameters
    assert backend.title(trt).startswith("TensorRT-RTX 1.7")


@pytest.mark.parametrize("batch_size", [1, 200])
def test_the_network_of_an_actor_in_8_bits_is_built_with_convolutions_of_8_bits(
    trt: ModuleType, bundle: ActorBundle, tmp_path: Path, batch_size: int
) -> None:
    pytest.importorskip("export.network.int8", reason="its 8 bits are made by the export")
    actor = with_int8(ActorBundle.open(Path(shutil.copytree(bundle.folder, tmp_path / "int8"))))
    plan = backend.build_plan(trt, int8_network(actor, batch_size), "SM89")
    # A plan tells in plain words what the engine will do: values of 8 bits go into the convolutions.
    convolutions = re.findall(rb'corrltn=\{ name="[^"]*" output=\{[^}]*\} input=\{"([^"]+)" "([^"]+)"', plan)
    types = dict(re.findall(rb'tensor=\{[^}]*\}[^\n]* name="([^"]+)"[^\n]* type=(\w+) \}', plan))
    assert len(convolutions) > 1
    assert [[types[name] for name in read] for read in convolutions[1:]] == [[b"int8"] * 2] * (len(convolutions) - 1)


def test_hopper_is_not_on_the_list_of_tensorrt_for_rtx(trt: ModuleType) -> None:
    assert "SM90" not in trt.ComputeCapability.__members__
    assert "SM89" in trt.ComputeCapability.__members__


def test_a_network_that_cannot_be_read_is_refused_with_the_parsers_reason(trt: ModuleType) -> None:
    with pytest.raises(BackendError, match="cannot read the network"):
        backend.build_plan(trt, b"no network", "SM89")
