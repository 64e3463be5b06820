"""The stage: where cameras and lamps stand, and what the sensors make of the light.

Rule: `Stage.photograph` turns a posed mesh and a head position into the pictures of one moment, one from each camera.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import cv2
import numpy as np

from engine.errors import ShotError
from engine.frames import CropRect
from engine.mesh import Topology
from engine.render import Offscreen, SoftBox, Studio, StudioRenderer, View
from engine.render.sheen import bare_level, displayed_luminance
from engine.render.view import perspective, rotation
from engine.shots import FRONT, Viewpoint
from training.actor.sensor import Mains, Noise, Sensor, flicker

SIDE = "side"
WIDTH_PX, HEIGHT_PX = 1200, 1600  # the paper's camera, portrait
NUM_SAMPLES = 4  # a pixel, against jagged edges
_CROP_SHARE = 0.75  # of the picture's height: the whole face with room for an open jaw and a turning head
_CROP_TOP = 0.125
_SMALLEST_PX = 120
_MIDDLE_LEVEL = 0.127  # linear luminance of skin that is exposed as the lamps were designed
_METERING = 0.20  # 0 exposes every skin alike, 1 makes every skin equally light
_NECK_PIVOT_CM = np.array([0.0, -8.5, -1.5], np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a camera stands.

    Args:
        azimuth_deg: Around the head: 0 in front, positive to the actor's left.
        aim_cm: The point of the head in the middle of the picture.
    """

    azimuth_deg: float
    aim_cm: tuple[float, float, float]


CAMERAS: Mapping[str, Camera] = {
    FRONT: Camera(0.0, (0.0, -0.9, 8.0)),
    SIDE: Camera(45.0, (1.5, -0.9, 5.0)),
}


@dataclass(frozen=True, slots=True)
class StageSetup:
    """The cameras' place and the studio's light; a later session has another.

    Args:
        cameras: Names from `CAMERAS`, front among them.
        width_px: Of every camera's picture.
        height_px: Of every camera's picture.
        is_gray: Monochrome cameras.
        distance_cm: From a camera to the face.
        view_height_cm: What the picture's height spans at the face.
        reframing_cm: Moves every camera's aim, right and up.
        seat_cm: Where the actor sits, from where it was planned.
        key_gain: Brightness of the key lamp, 1 = as designed.
        key_shift_cm: Moves the key lamp, to the actor's left and up.
        light_gain: All light, or the lens: 1 = as metered on the actor's skin.
        sensor: Of every camera.
        mains: What the lamps run on.
        is_software: Draw with Mesa's software even where there is a GPU.
    """

    cameras: tuple[str, ...] = (FRONT,)
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX
    is_gray: bool = True
    distance_cm: float = 120.0
    view_height_cm: float = 31.0
    reframing_cm: tuple[float, float] = (0.0, 0.0)
    seat_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    key_gain: float = 1.0
    key_shift_cm: tuple[float, float] = (0.0, 0.0)
    light_gain: float = 1.0
    sensor: Sensor = field(default_factory=Sensor)
    mains: Mains = field(default_factory=Mains)
    is_software: bool = False

    def check(self) -> None:
        """See that a stage can be built so.

        Raises:
            ShotError: An unknown or missing camera, or a size that is not portrait.
        """
        unknown = [name for name in self.cameras if name not in CAMERAS]
        if unknown or FRONT not in self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise ShotError(
                f"The cameras {','.join(self.cameras)} cannot be set up.",
                f"Name each once, {FRONT} among them; there are: {', '.join(CAMERAS)}.",
            )
        width, height = self.width_px, self.height_px
        is_portrait = 0.6 * height <= width <= height and width >= _SMALLEST_PX
        if width % 2 or height % 2 or not is_portrait:
            raise ShotError(
                f"A picture of {width}x{height} pixels does not suit a face.",
                f"Give even numbers, upright, from 3:5 to square, at least {_SMALLEST_PX} wide, such as 600x800.",
            )

    @property
    def viewpoint(self) -> Viewpoint:
        """Crop and picture size, the same for every camera."""
        height = round(_CROP_SHARE * self.height_px)
        width = round(height * 3 / 4)
        crop = CropRect((self.width_px - width) // 2, round(_CROP_TOP * self.height_px), width, height)
        return Viewpoint(crop, self.width_px, self.height_px)

    def record(self) -> dict[str, object]:
        """What a shot's facts keep: how it was filmed, in plain values. What draws does not belong to it."""
        values = asdict(self)
        del values["is_software"], values["cameras"], values["is_gray"]
        flat = {**values.pop("sensor"), **values.pop("mains"), **values}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}

    def view(self, camera: str) -> View:
        """The camera's matrices in the studio."""
        place = CAMERAS[camera]
        basis = rotation(place.azimuth_deg, 0.0)  # columns: the camera's right, up and back
        aim = np.asarray(place.aim_cm, np.float32) - basis[:, :2] @ np.asarray(self.reframing_cm, np.float32)
        matrix = np.eye(4, dtype=np.float32)
        matrix[:3, :3] = basis.T
        matrix[:3, 3] = -basis.T @ (aim + basis[:, 2] * self.distance_cm)
        field_of_view_deg = float(np.degrees(2 * np.arctan(self.view_height_cm / 2 / self.distance_cm)))
        return View(matrix, perspective(field_of_view_deg, self.width_px / self.height_px))

    def studio(self) -> Studio:
        """The light."""
        standard = Studio()
        x, y, z = standard.key.place_cm
        key: SoftBox = replace(
            standard.key,
            place_cm=(x + self.key_shift_cm[0], y + self.key_shift_cm[1], z),
            colour=tuple(self.key_gain * value for value in standard.key.colour),
        )
        return replace(standard, key=key, exposure=standard.exposure * self.light_gain)


class Stage:
    """Cameras before one actor, with an OpenGL context of their own: use it on the thread that made it.

    Args:
        topology: The actor's mesh.
        skin: [H, W, 3] uint8 red-green-blue texture.
        setup: Cameras and light.

    Raises:
        ShotError: The setup cannot be built.
        BackendError: Nothing here draws.
    """

    def __init__(self, topology: Topology, skin: np.ndarray, setup: StageSetup) -> None:
        setup.check()
        self._setup = setup
        size = setup.width_px, setup.height_px
        self._target = Offscreen(*size, NUM_SAMPLES, is_gray=setup.is_gray, is_software=setup.is_software)
        px_per_cm = setup.height_px / setup.view_height_cm
        studio = setup.studio()
        studio = replace(studio, exposure=studio.exposure * metered_gain(topology, skin))
        self._renderer = StudioRenderer(topology, skin, studio, setup.is_gray, px_per_cm)
        self._noise = Noise(setup.sensor, *size)
        self._views = {camera: setup.view(camera) for camera in setup.cameras}

    def photograph(
        self,
        vertices: np.ndarray,
        head_turn_deg: np.ndarray,
        head_shift_cm: np.ndarray,
        rng: np.random.Generator,
        time_s: float = 0.0,
        lamp_phase: float = 0.0,
    ) -> dict[str, np.ndarray]:
        """One moment from every camera: [H, W] uint8 gray, or [H, W, 3] blue-green-red.

        Args:
            vertices: [V, 3] cm, head-stabilised.
            head_turn_deg: [3] yaw, pitch, roll about the neck.
            head_shift_cm: [3].
            rng: The sensors' noise.
            time_s: When the shutters open, for the lamps' flicker.
            lamp_phase: Of the lamps' pulse at time 0, radians.
        """
        setup, target = self._setup, self._target
        target.make_current()
        target.resize(setup.width_px, setup.height_px)
        self._renderer.pose(vertices, self.head_to_studio(head_turn_deg, head_shift_cm))
        light = flicker(setup.mains, setup.sensor.exposure_ms, time_s, lamp_phase)
        pictures = {}
        for camera, view in self._views.items():
            target.resize(setup.width_px, setup.height_px)
            self._renderer.draw(view, setup.width_px, setup.height_px, light)
            picture = target.read_gray() if setup.is_gray else cv2.cvtColor(target.read_rgba(), cv2.COLOR_RGBA2BGR)
            pictures[camera] = self._noise.added_to(picture, rng)
        return pictures

    def head_to_studio(self, turn_deg: np.ndarray, shift_cm: np.ndarray) -> np.ndarray:
        """[4, 4] float32: where a head-stabilised mesh is before the cameras; arguments as `photograph`'s."""
        yaw, pitch, roll = (float(angle) for angle in turn_deg)
        matrix = np.eye(4, dtype=np.float32)
        matrix[:3, :3] = rotation(yaw, pitch, roll)
        matrix[:3, 3] = _NECK_PIVOT_CM - matrix[:3, :3] @ _NECK_PIVOT_CM + shift_cm + np.asarray(self._setup.seat_cm)
        return matrix

    @property
    def gl_renderer(self) -> str:
        """What draws, by its own name."""
        return self._target.gl_renderer

    def release(self) -> None:
        """Free the renderer and its context."""
        self._target.make_current()
        self._renderer.release()
        self._target.release()


def metered_gain(topology: Topology, skin: np.ndarray) -> float:
    """How far the lens is opened for this skin, 1 for a middle tone: dark skin gets more light, yet stays darker.

    Args:
        topology: The actor's mesh.
        skin: [H, W, 3] uint8 red-green-blue texture.
    """
    return float((_MIDDLE_LEVEL / bare_level(topology, displayed_luminance(skin))) ** _METERING)
