"""The stage: where the camera and the lamps stand, and what the sensor makes of them.

Rule: `Stage.photograph` turns a posed mesh and a head position into the picture the network will see.
"""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from engine.crop import to_gray
from engine.frames import CropRect
from engine.mesh import Topology
from engine.render import Lighting, Look, MeshRenderer, Offscreen, Shading, View
from engine.render.look import Lamp
from engine.render.view import perspective, rotation

WIDTH_PX, HEIGHT_PX = 1200, 1600  # the paper's camera, portrait
FACE_CROP = CropRect(150, 200, 900, 1200)  # the whole face with room for an open jaw and a turning head
_PLATE_PX, _NOISE_SEED = 256, 20170728
_NECK_PIVOT_CM = np.array([0.0, -8.5, -1.5], np.float32)


@dataclass(frozen=True, slots=True)
class StageSetup:
    """The camera's place and the studio's light; a later session has another.

    Args:
        distance_cm: From the camera to the face.
        view_height_cm: What the picture's height spans at the face.
        aim_cm: The point of the face in the middle of the picture.
        key_gain: Brightness of the key lamp, 1 = as designed.
        key_shift: Moves the key lamp sideways and up, in the lamp direction's own units.
        read_noise: The sensor's noise in the dark, gray levels of 255, one standard deviation.
        shot_noise: Noise of light itself: its variance grows by this many squared levels a level.
        is_gray: A monochrome camera.
    """

    distance_cm: float = 120.0
    view_height_cm: float = 31.0
    aim_cm: tuple[float, float, float] = (0.0, -0.9, 8.0)
    key_gain: float = 1.0
    key_shift: tuple[float, float] = (0.0, 0.0)
    read_noise: float = 0.8
    shot_noise: float = 0.006
    is_gray: bool = True
    backdrop: tuple[tuple[float, float, float], tuple[float, float, float]] = field(
        default=((0.250, 0.258, 0.270), (0.150, 0.156, 0.165))
    )


class Stage:
    """One camera before one actor, with its own OpenGL context: use it on the thread that made it.

    Args:
        topology: The actor's mesh.
        skin: [H, W, 3] uint8 texture.
        setup: Camera and light.
    """

    def __init__(self, topology: Topology, skin: np.ndarray, setup: StageSetup) -> None:
        self._setup = setup
        self._target = Offscreen(WIDTH_PX, HEIGHT_PX)
        self._renderer = MeshRenderer(topology, skin)
        standard = Lighting()
        towards = standard.key.towards
        key = Lamp(
            (towards[0] + setup.key_shift[0], towards[1] + setup.key_shift[1], towards[2]),
            tuple(setup.key_gain * value for value in standard.key.colour),  # type: ignore[arg-type]
        )
        self._look = Look(
            Shading.SKIN, lighting=replace(standard, key=key), backdrop=setup.backdrop, has_soft_base=False
        )
        field_of_view_deg = float(np.degrees(2 * np.arctan(setup.view_height_cm / 2 / setup.distance_cm)))
        # One plate of noise, laid down at another place each frame: drawing 2 million new numbers costs more
        # than the picture.
        plate = np.random.default_rng(_NOISE_SEED).standard_normal((HEIGHT_PX + _PLATE_PX, WIDTH_PX + _PLATE_PX))
        self._noise = plate.astype(np.float32)
        self._deviations = np.sqrt(setup.read_noise**2 + setup.shot_noise * np.arange(256)).astype(np.float32)
        self._projection = perspective(field_of_view_deg, WIDTH_PX / HEIGHT_PX)

    def photograph(
        self, vertices: np.ndarray, head_turn_deg: np.ndarray, head_shift_cm: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """One frame: [1600, 1200] uint8 gray, or [1600, 1200, 3] blue-green-red.

        Args:
            vertices: [V, 3] cm, head-stabilised.
            head_turn_deg: [3] yaw, pitch, roll about the neck.
            head_shift_cm: [3].
            rng: The sensor's noise.
        """
        self._target.make_current()
        self._target.resize(WIDTH_PX, HEIGHT_PX)
        self._renderer.set_vertices(vertices)
        view = View(self._camera() @ _head_pose(head_turn_deg, head_shift_cm), self._projection)
        self._renderer.draw(view, self._look, WIDTH_PX, HEIGHT_PX)
        picture = np.asarray(cv2.cvtColor(self._target.read_rgba(), cv2.COLOR_RGBA2BGR))
        return self._sense(to_gray(picture) if self._setup.is_gray else picture, rng)

    def _camera(self) -> np.ndarray:
        matrix = np.eye(4, dtype=np.float32)
        matrix[:3, 3] = -np.asarray(self._setup.aim_cm)
        matrix[2, 3] -= self._setup.distance_cm
        return matrix

    def _sense(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        row, column = rng.integers(0, _PLATE_PX, 2)
        noise = self._noise[row : row + HEIGHT_PX, column : column + WIDTH_PX]
        if picture.ndim == 3:
            noise = noise[..., None]
        noisy = noise * self._deviations[picture]
        noisy += picture
        return np.asarray(cv2.convertScaleAbs(noisy))  # rounds and saturates

    def release(self) -> None:
        """Free the renderer and its context."""
        self._target.make_current()
        self._renderer.release()
        self._target.release()


def _head_pose(turn_deg: np.ndarray, shift_cm: np.ndarray) -> np.ndarray:
    yaw, pitch, roll = (float(angle) for angle in turn_deg)
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = rotation(yaw, pitch, roll)
    matrix[:3, 3] = _NECK_PIVOT_CM - matrix[:3, :3] @ _NECK_PIVOT_CM + shift_cm
    return matrix
