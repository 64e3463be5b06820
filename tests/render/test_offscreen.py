import ctypes
from types import SimpleNamespace

import numpy as np
import pytest
from OpenGL.error import GLError

from engine.errors import BackendError
from engine.render import Look, MeshRenderer, Offscreen, Orbit, Shading
from engine.render import display as display_module
from engine.render.display import open_context
from tests.render.shapes import ball

SIZE = 96


def silhouette(num_samples: int, **options: bool) -> np.ndarray:
    with Offscreen(SIZE, SIZE, num_samples, **options) as target:
        renderer = MeshRenderer(ball(), None)
        look = Look(Shading.NORMALS, has_soft_base=False, backdrop=((0, 0, 0), (0, 0, 0)))
        renderer.draw(Orbit(0, 0, 100, (0, 0, 0)).view(SIZE, SIZE), look, SIZE, SIZE)
        picture = target.read_gray() if options.get("is_gray") else target.read()[..., 2]
        renderer.release()
    return picture


def test_several_samples_a_pixel_smooth_the_silhouette() -> None:
    # Where the ball ends, blue (towards the viewer) falls from 128 to nothing: between them lie only smoothed pixels.
    jagged, smooth = (((picture > 12) & (picture < 116)).sum() for picture in (silhouette(1), silhouette(4)))
    assert smooth > 60
    assert smooth > 4 * jagged


def test_depth_can_be_read_with_and_without_several_samples() -> None:
    for num_samples in (1, 4):
        with Offscreen(SIZE, SIZE, num_samples) as target:
            renderer = MeshRenderer(ball(), None)
            renderer.draw(Orbit(0, 0, 100, (0, 0, 0)).view(SIZE, SIZE), Look(Shading.CLAY), SIZE, SIZE)
            depth = target.read_depth()
            renderer.release()
        assert depth[SIZE // 2, SIZE // 2] < 0.97 < depth[2, 2]


def test_a_gray_target_keeps_the_red_channel() -> None:
    with Offscreen(SIZE, SIZE, 4) as target:
        renderer = MeshRenderer(ball(), None)
        renderer.draw(Orbit(0, 0, 100, (0, 0, 0)).view(SIZE, SIZE), Look(Shading.CLAY), SIZE, SIZE)
        red = target.read()[..., 0]
        renderer.release()
    with Offscreen(SIZE, SIZE, 4, is_gray=True) as target:
        renderer = MeshRenderer(ball(), None)
        renderer.draw(Orbit(0, 0, 100, (0, 0, 0)).view(SIZE, SIZE), Look(Shading.CLAY), SIZE, SIZE)
        np.testing.assert_allclose(target.read_gray().astype(int), red, atol=1)
        renderer.release()


class FakeEgl(SimpleNamespace):
    """EGL with one GPU, whose displays do what they are told."""

    EGL_EXTENSIONS = EGL_SURFACE_TYPE = EGL_PBUFFER_BIT = EGL_RENDERABLE_TYPE = EGL_OPENGL_BIT = EGL_NONE = 0
    EGL_OPENGL_API = EGL_CONTEXT_MAJOR_VERSION = EGL_CONTEXT_MINOR_VERSION = EGL_CONTEXT_OPENGL_PROFILE_MASK = 0
    EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT = EGL_NO_CONTEXT = 0
    EGLint, EGLConfig = ctypes.c_int, ctypes.c_int

    def __init__(self, broken: tuple[str, ...] = ()) -> None:
        super().__init__(broken=broken, asked=[])

    def eglGetPlatformDisplay(self, platform: int, device: object, _: object) -> str:
        return "mesa" if device is None else str(device)

    def eglInitialize(self, display: str, *_: object) -> bool:
        self.asked.append(display)
        if display in self.broken:
            raise GLError(err=0x3001, baseOperation="eglInitialize")
        return True

    def eglChooseConfig(self, *_: object) -> None:
        """Says there is none, which a context does not need."""

    def eglBindAPI(self, api: int) -> None:
        """Always works."""

    def eglCreateContext(self, display: str, *_: object) -> str:
        return f"context of {display}"


@pytest.fixture
def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_module, "_devices", lambda _: (["gpu"], ["software device"]))


@pytest.mark.usefixtures("_gpu")
def test_a_gpu_is_asked_first() -> None:
    assert open_context(FakeEgl()).handle == "context of gpu"


@pytest.mark.usefixtures("_gpu")
def test_a_gpu_that_refuses_is_passed_over_for_mesas_software() -> None:
    egl = FakeEgl(broken=("gpu",))
    assert open_context(egl).handle == "context of mesa"
    assert egl.asked == ["gpu", "mesa"]


@pytest.mark.usefixtures("_gpu")
def test_software_can_be_asked_for_where_there_is_a_gpu() -> None:
    egl = FakeEgl()
    assert open_context(egl, is_software=True).handle == "context of software device"
    assert egl.asked == ["software device"]


@pytest.mark.usefixtures("_gpu")
def test_where_nothing_draws_one_error_says_so() -> None:
    with pytest.raises(BackendError, match="Neither a GPU nor Mesa"):
        open_context(FakeEgl(broken=("gpu", "mesa")))


def test_software_is_software_on_any_machine() -> None:
    with Offscreen(8, 8, is_software=True) as target:
        assert "llvmpipe" in target.gl_renderer or "softpipe" in target.gl_renderer or "swrast" in target.gl_renderer
