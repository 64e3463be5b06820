"""How a mesh is drawn: shading, wires, lights and backdrop, as values."""

from dataclasses import dataclass
from enum import StrEnum

Rgb = tuple[float, float, float]


class Shading(StrEnum):
    """What the surface shows."""

    SKIN = "skin"  # the actor's own texture
    CLAY = "clay"  # form only
    ERROR = "error"  # distance to the truth in false colour
    NORMALS = "normals"  # surface direction as colour
    EXPECTED = "expected"  # distance to the truth as the network foretells it, in false colour


@dataclass(frozen=True, slots=True)
class Lamp:
    """A distant light.

    Args:
        towards: Direction from the face to the lamp, camera space (+x right, +y up, +z to the camera).
        colour: Linear, 1 = the exposure's white.
    """

    towards: Rgb
    colour: Rgb


@dataclass(frozen=True, slots=True)
class Lighting:
    """A studio's lamps; they stand with the camera. The first lamp casts shadows."""

    key: Lamp = Lamp((-0.55, 0.75, 1.0), (1.45, 1.40, 1.33))
    fill: Lamp = Lamp((0.95, 0.10, 0.75), (0.34, 0.37, 0.42))
    rim: Lamp = Lamp((0.70, 0.50, -0.80), (0.42, 0.46, 0.54))
    sky: Rgb = (0.27, 0.29, 0.33)  # ambient light from above
    ground: Rgb = (0.12, 0.105, 0.10)  # and from below
    has_shadow: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about a picture but the mesh and the camera.

    Args:
        shading: What the surface shows.
        has_wire: Draw the mesh's edges over it.
        error_range_mm: The distance shown in the scale's last colour.
        lighting: The lamps.
        backdrop: Colour as displayed at the centre and at the corners of the picture.
        has_soft_base: Let the bust fade out towards its cut edge.
    """

    shading: Shading = Shading.SKIN
    has_wire: bool = False
    error_range_mm: float = 5.0
    lighting: Lighting = Lighting()
    backdrop: tuple[Rgb, Rgb] = ((0.150, 0.162, 0.185), (0.085, 0.092, 0.105))
    has_soft_base: bool = True
