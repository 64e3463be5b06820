"""The preprocessing kernel: its C++ build against OpenCV and float64, its CUDA builds, and a GPU where there is one."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.crop import crop_for_network, resize_area, to_gray
from engine.errors import BackendError, CameraError
from engine.frames import CropRect
from engine.gpu.driver import DeviceMemory, Gpu, PinnedArray, Stream
from engine.gpu.kernel import compiled, kernel_source, supported_architectures
from engine.gpu.parameters import NetworkInput, NumberType, Parameters, Picture, PixelLayout, Whitening, parameters
from engine.gpu.preparation import GpuPreparation
from engine.head_finder import pose_of
from engine.machine import probe_gpu
from engine.stabilise import HeadPose, Placement, cut, placement
from tests.engine.kernel_on_host import (
    BAYER_TO_BGR,
    BAYER_TO_GRAY,
    PICTURES,
    HostKernel,
    exact,
    exact_luma,
    exact_turned,
    noise,
)

_WIDTH, _HEIGHT = 1200, 1600
_LEVELS = NetworkInput(240, 320)
# Both axes shrink by odd/odd or by a whole number: no exact value of a gray picture is a half that float32 could miss.
_SAME = {
    "whole picture, 5": CropRect(0, 0, 1200, 1600),
    "3.75": CropRect(150, 200, 900, 1200),
    "4": CropRect(10, 20, 960, 1280),
    "3": CropRect(1, 0, 720, 960),
    "2": CropRect(3, 5, 480, 640),
    "1": CropRect(960, 1280, 240, 320),
    "2.5": CropRect(0, 0, 600, 800),
    "3.2": CropRect(432, 576, 768, 1024),
    "1 by 2": CropRect(5, 5, 240, 640),
    "1.25": CropRect(900, 1200, 300, 400),
}
_GROWING = {
    "twice": CropRect(3, 3, 120, 160),
    "in width only": CropRect(1020, 900, 180, 700),
    "in height only": CropRect(500, 1420, 700, 180),
    "by odd factors": CropRect(0, 0, 91, 123),
    "by one pixel": CropRect(961, 1281, 239, 319),
    "one pixel": CropRect(7, 9, 1, 1),
}
# Halves do occur here, and OpenCV's float32 sums fall to one side of them or the other.
_HALVES = {
    "2 by 1.5": CropRect(0, 1120, 480, 480),
    "2.67 by 1.5": CropRect(0, 0, 640, 480),
    "2.67 by 3.25": CropRect(560, 560, 640, 1040),
    "odd size": CropRect(299, 399, 601, 803),
    "one pixel more": CropRect(959, 1279, 241, 321),
}
_LAYOUTS = (PixelLayout.MONO, PixelLayout.BGR)
_BAYER = tuple(BAYER_TO_GRAY)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> HostKernel:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    return HostKernel(tmp_path_factory.mktemp("kernel"))


@pytest.fixture(scope="module", params=PICTURES)
def images(request: pytest.FixtureRequest) -> dict[PixelLayout, np.ndarray]:
    make = PICTURES[request.param]
    return {PixelLayout.MONO: make(_WIDTH, _HEIGHT, 1), PixelLayout.BGR: make(_WIDTH, _HEIGHT, 3)}


def _levels_apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(np.int64) - other)


def _window(image: np.ndarray, crop: CropRect) -> np.ndarray:
    return image[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]


def test_the_parameters_have_one_layout_in_both_languages(kernel: HostKernel) -> None:
    assert kernel.parameters_size == ctypes.sizeof(Parameters)
    source = kernel_source()
    struct = source[source.index("struct Parameters {") : source.index("};")]
    places = [struct.index(name) for name, _ in Parameters._fields_]
    assert places == sorted(places)


def test_every_colour_has_opencvs_gray(kernel: HostKernel) -> None:
    levels = np.arange(256, dtype=np.uint8)
    network = NetworkInput(256, 256)
    for blue in range(256):
        image = np.stack(np.broadcast_arrays(np.uint8(blue), levels[:, None], levels[None, :]), axis=-1)
        seen = kernel.prepare(np.ascontiguousarray(image), PixelLayout.BGR, CropRect(0, 0, 256, 256), network)
        np.testing.assert_array_equal(seen, to_gray(image))


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in (_SAME | _GROWING).items()])
def test_a_crop_is_prepared_exactly_as_on_the_cpu(
    kernel: HostKernel, images: dict[PixelLayout, np.ndarray], layout: PixelLayout, crop: CropRect
) -> None:
    seen = kernel.prepare(images[layout], layout, crop, _LEVELS)
    np.testing.assert_array_equal(seen, crop_for_network(images[layout], crop))


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in _HALVES.items()])
def test_only_halves_are_rounded_otherwise_than_on_the_cpu(
    kernel: HostKernel, images: dict[PixelLayout, np.ndarray], layout: PixelLayout, crop: CropRect
) -> None:
    seen = kernel.prepare(images[layout], layout, crop, _LEVELS)
    apart = _levels_apart(seen, crop_for_network(images[layout], crop))
    assert apart.max() <= 1
    assert np.mean(apart > 0) < 0.015  # measured: 0.0113 at most, where a sixth of all averages are halves
    average = exact(to_gray(_window(images[layout], crop)), 240, 320)
    assert np.abs(np.abs(average - np.floor(average))[apart > 0] - 0.5).max(initial=0) < 1e-4


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in (_SAME | _HALVES).items()])
def test_a_level_is_the_nearest_to_the_exact_area_average(
    kernel: HostKernel, images: dict[PixelLayout, np.ndarray], layout: PixelLayout, crop: CropRect
) -> None:
    seen = kernel.prepare(images[layout], layout, crop, _LEVELS)
    gray = to_gray(_window(images[layout], crop))
    assert np.abs(seen - exact(gray, 240, 320)).max() <= 0.5 + 1e-9
    unrounded = exact(exact_luma(_window(images[layout], crop), layout), 240, 320)
    # Two roundings, of the luma and of the average.
    assert np.abs(seen - unrounded).max() <= (0.5 if layout is PixelLayout.MONO else 1.0) + 0.01


@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in _GROWING.items()])
def test_a_picture_that_grows_lies_within_a_level_of_the_exact_values_between(
    kernel: HostKernel, images: dict[PixelLayout, np.ndarray], crop: CropRect
) -> None:
    image = images[PixelLayout.MONO]
    seen = kernel.prepare(image, PixelLayout.MONO, crop, _LEVELS)
    assert (
        np.abs(seen - exact(_window(image, crop), 240, 320)).max() < 0.85
    )  # measured: 0.79, by OpenCV's fixed-point steps


@pytest.mark.parametrize("layout", _BAYER)
@pytest.mark.parametrize("size", [(1200, 1600), (1203, 1601), (41, 50), (3, 3), (3, 4), (5, 3)])
def test_a_bayer_picture_has_opencvs_gray(kernel: HostKernel, layout: PixelLayout, size: tuple[int, int]) -> None:
    width, height = size
    raw = noise(width, height, 1)
    network = NetworkInput(min(width, 1200), min(height, 1600))
    crop = CropRect(width - network.width_px, height - network.height_px, network.width_px, network.height_px)
    seen = kernel.prepare(raw, layout, crop, network)
    np.testing.assert_array_equal(seen, _window(cv2.cvtColor(raw, BAYER_TO_GRAY[layout]), crop))
    assert np.abs(seen - _window(exact_luma(raw, layout), crop)).max() <= 0.51
    if min(size) > 3:
        by_colour = to_gray(cv2.cvtColor(raw, BAYER_TO_BGR[layout]))  # which rounds the colours as well
        assert _levels_apart(seen, _window(by_colour, crop)).max() <= 1


@pytest.mark.parametrize("layout", _BAYER)
@pytest.mark.parametrize("crop", [_SAME["3.75"], _SAME["2"], CropRect(301, 401, 900, 1200 - 1), _GROWING["twice"]])
def test_a_bayer_pictures_crop_is_cut_after_its_colours_are_made(
    kernel: HostKernel, layout: PixelLayout, crop: CropRect
) -> None:
    raw = noise(_WIDTH + 3, _HEIGHT + 1, 1)
    seen = kernel.prepare(raw, layout, crop, _LEVELS)
    expected = resize_area(_window(cv2.cvtColor(raw, BAYER_TO_GRAY[layout]), crop), 240, 320)
    assert _levels_apart(seen, expected).max() <= 1
    assert np.mean(seen != expected) < 1e-3


@pytest.mark.parametrize("layout", [*_LAYOUTS, *_BAYER])
@pytest.mark.parametrize(
    "crop", [*_SAME.values(), *_GROWING.values(), CropRect(1199, 0, 1, 1), CropRect(0, 1599, 2, 1)]
)
def test_nothing_is_read_but_the_pixels_that_are_uploaded(
    kernel: HostKernel, layout: PixelLayout, crop: CropRect
) -> None:
    image = noise(_WIDTH, _HEIGHT, 3 if layout is PixelLayout.BGR else 1)
    needed = Picture(_WIDTH, _HEIGHT, layout, image.strides[0]).needed(crop)
    assert needed.is_inside(_WIDTH, _HEIGHT)
    assert needed.width * needed.height <= (crop.width + 3) * (crop.height + 3)
    partial = np.full_like(image, 77)
    _window(partial, needed)[:] = _window(image, needed)
    whole = kernel.prepare(image, layout, crop, _LEVELS)
    np.testing.assert_array_equal(kernel.prepare(partial, layout, crop, _LEVELS), whole)


def test_rows_may_have_gaps_between_them(kernel: HostKernel) -> None:
    image = noise(_WIDTH, _HEIGHT, 3)
    padded = np.zeros((_HEIGHT, _WIDTH + 7, 3), np.uint8)[:, :_WIDTH]
    padded[:] = image
    crop = _SAME["3.75"]
    np.testing.assert_array_equal(kernel.prepare(padded, PixelLayout.BGR, crop, _LEVELS), crop_for_network(image, crop))


@pytest.mark.parametrize("number_type", [NumberType.FLOAT16, NumberType.FLOAT32])
@pytest.mark.parametrize("whitening", [None, Whitening(97.31, 41.7), Whitening(0.0, 3e6), Whitening(3.0, 1e-3)])
def test_values_are_whitened_levels_rounded_once(
    kernel: HostKernel, number_type: NumberType, whitening: Whitening | None
) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    network = NetworkInput(16, 16, number_type, whitening)
    seen = kernel.prepare(ramp, PixelLayout.MONO, CropRect(0, 0, 16, 16), network)
    expected = ramp.astype(np.float32)
    if whitening is not None:
        expected = (expected - np.float32(whitening.mean)) * np.float32(1 / whitening.deviation)
    with np.errstate(over="ignore"):  # 253 / 0.001 is beyond float16
        np.testing.assert_array_equal(seen, expected.astype(number_type.dtype))


# A head held still: in the middle, turned and aside, so far aside that the picture ends, and out of it.
_HEADS = {
    "upright": (0.5, 0.54, 0.0),
    "turned": (0.47, 0.58, 0.12),
    "the other way": (0.55, 0.5, -0.4),
    "at the border": (0.1, 0.1, 0.05),
    "outside": (-2.0, 4.0, 0.3),
}
_HELD_STILL = {
    "3.75": CropRect(150, 200, 900, 1200),
    "1.875": CropRect(375, 501, 450, 600),
    "5": CropRect(0, 0, 1200, 1600),
    "2.5 by 2": CropRect(301, 77, 601, 640),
    "growing": CropRect(400, 500, 121, 160),
}


def _placed(crop: CropRect, head: tuple[float, float, float]) -> tuple[HeadPose, Placement]:
    pose = pose_of(np.array(head), crop)
    return pose, placement(crop, pose, (240, 320))


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in _HELD_STILL.items()])
@pytest.mark.parametrize("head", [pytest.param(head, id=name) for name, head in _HEADS.items()])
def test_a_head_is_held_still_as_on_the_cpu(
    kernel: HostKernel,
    images: dict[PixelLayout, np.ndarray],
    layout: PixelLayout,
    crop: CropRect,
    head: tuple[float, float, float],
) -> None:
    image = images[layout]
    pose, placed = _placed(crop, head)
    seen = kernel.prepare(image, layout, crop, _LEVELS, placed)
    expected = cut(to_gray(image), crop, pose, (240, 320), (0, 0))
    assert _levels_apart(seen, expected).max() <= 2  # which rounds three times, and places to 1/32 pixel
    assert (seen.astype(float) - expected).std() < 0.6
    exactly = exact_turned(exact_luma(image, layout), placed, 240, 320)
    off = np.abs(seen - exactly)
    # Levels are rounded once (and luma before); places to 1/256 pixel, which noise makes a level of.
    assert off.max() < 2.0
    assert off.mean() < 0.52  # a half where all of the picture is one level


@pytest.mark.parametrize("layout", _BAYER)
def test_a_head_in_a_bayer_picture_is_held_still_after_its_colours_are_made(
    kernel: HostKernel, layout: PixelLayout
) -> None:
    raw = noise(_WIDTH, _HEIGHT, 1)
    pose, placed = _placed(_HELD_STILL["3.75"], _HEADS["turned"])
    seen = kernel.prepare(raw, layout, _HELD_STILL["3.75"], _LEVELS, placed)
    gray = cv2.cvtColor(raw, BAYER_TO_GRAY[layout])
    assert _levels_apart(seen, cut(gray, _HELD_STILL["3.75"], pose, (240, 320), (0, 0))).max() <= 2


@pytest.mark.parametrize("layout", [*_LAYOUTS, *_BAYER])
@pytest.mark.parametrize("crop", [pytest.param(crop, id=name) for name, crop in _HELD_STILL.items()])
@pytest.mark.parametrize("head", [pytest.param(head, id=name) for name, head in _HEADS.items()])
def test_nothing_is_read_of_a_head_held_still_but_the_pixels_that_are_uploaded(
    kernel: HostKernel, layout: PixelLayout, crop: CropRect, head: tuple[float, float, float]
) -> None:
    image = noise(_WIDTH, _HEIGHT, 3 if layout is PixelLayout.BGR else 1)
    picture = Picture(_WIDTH, _HEIGHT, layout, image.strides[0])
    placed = _placed(crop, head)[1]
    needed = picture.needed(picture.reach(placed, _LEVELS))
    assert needed.is_inside(_WIDTH, _HEIGHT)
    partial = np.full_like(image, 77)
    _window(partial, needed)[:] = _window(image, needed)
    whole = kernel.prepare(image, layout, crop, _LEVELS, placed)
    np.testing.assert_array_equal(kernel.prepare(partial, layout, crop, _LEVELS, placed), whole)


def test_what_cannot_be_prepared_is_refused() -> None:
    picture = Picture(100, 100, PixelLayout.MONO, 100)
    with pytest.raises(CameraError, match="leaves the 100x100 picture"):
        parameters(picture, CropRect(80, 0, 30, 40), _LEVELS)
    with pytest.raises(ValueError, match="a row has 300 bytes, got a pitch of 299"):
        Picture(100, 100, PixelLayout.BGR, 299)
    with pytest.raises(ValueError, match="a RGGB picture has 3 to"):
        Picture(2, 100, PixelLayout.RGGB, 2)
    with pytest.raises(ValueError, match="whitened values do not fit into uint8"):
        NetworkInput(240, 320, NumberType.UINT8, Whitening(1, 1))
    with pytest.raises(ValueError, match="a deviation is positive"):
        Whitening(1, 0)


def test_it_compiles_for_every_architecture_that_the_run_time_compiler_knows() -> None:
    pytest.importorskip("cuda.bindings.nvrtc", reason="cuda-bindings is not installed (extra: cuda)")
    try:
        architectures = supported_architectures()
    except BackendError as error:
        pytest.skip(error.reason)
    assert 90 in architectures
    for architecture in architectures:
        assert compiled(architecture).startswith(b"\x7fELF")
    with pytest.raises(BackendError, match=r"does not compile .*invalid value for --gpu-architecture"):
        compiled(999)


def test_the_cuda_compiler_takes_it_too(tmp_path: Path) -> None:
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not installed")
    source, code = tmp_path / "preprocess.cu", tmp_path / "preprocess.cubin"
    source.write_text(kernel_source(), "utf-8")
    command = [nvcc, "-arch=sm_90", "--fmad=false", "-cubin", "-Werror", "all-warnings", str(source), "-o", str(code)]
    subprocess.run(command, check=True, timeout=120, cwd=tmp_path)
    assert code.read_bytes().startswith(b"\x7fELF")


def test_without_a_gpu_the_reason_is_told() -> None:
    reason = probe_gpu().reason
    if not reason:
        pytest.skip("there is a GPU here")
    with pytest.raises(BackendError) as raised:
        Gpu()
    assert reason in str(raised.value)


# ---- On a GPU -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gpu() -> Iterator[Gpu]:
    reason = probe_gpu().reason
    if reason:
        pytest.skip(reason)
    pytest.importorskip("cuda.bindings.driver", reason="cuda-bindings is not installed (extra: cuda)")
    with closing(Gpu()) as gpu:
        yield gpu


@pytest.mark.parametrize("number_type", list(NumberType))
@pytest.mark.parametrize("layout", list(PixelLayout))
def test_the_gpu_makes_what_the_cpp_build_makes(
    gpu: Gpu, kernel: HostKernel, layout: PixelLayout, number_type: NumberType
) -> None:
    image = noise(_WIDTH, _HEIGHT, 3 if layout is PixelLayout.BGR else 1)
    whitening = None if number_type is NumberType.UINT8 else Whitening(97.31, 41.7)
    network = NetworkInput(240, 320, number_type, whitening)
    picture = Picture(_WIDTH, _HEIGHT, layout, image.strides[0])
    plain = [(crop, None) for crop in (*_SAME.values(), *_GROWING.values(), *_HALVES.values())]
    still = [(crop, _placed(crop, head)[1]) for crop in _HELD_STILL.values() for head in _HEADS.values()]
    stream = Stream(gpu)
    host, seen = PinnedArray(gpu, image.shape), PinnedArray(gpu, (network.num_bytes,))
    host.array[:] = image
    device, out = DeviceMemory(gpu, image.nbytes), DeviceMemory(gpu, network.num_bytes)
    preparation = GpuPreparation(gpu, picture, network, plain[0][0])
    try:
        for crop, placed in (*plain, *still, plain[0]):
            preparation.look(crop, placed, stream)
            gpu.call("cuMemsetD8Async", device.address, 77, image.nbytes, stream.address)
            preparation.upload(stream, host.address, image.strides[0], device.address)
            preparation.enqueue(stream, device.address, out.address)
            stream.download(seen, out)
            stream.wait()
            made = seen.array.view(number_type.dtype).reshape(320, 240)
            expected = kernel.prepare(image, layout, crop, network, placed)
            np.testing.assert_array_equal(made, expected, err_msg=f"{crop} {placed}")
    finally:
        for held in (preparation, out, device, seen, host, stream):
            held.close()
