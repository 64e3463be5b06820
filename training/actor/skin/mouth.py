"""Inside the mouth: single teeth in their gums, the tongue, the palate, and the dark behind.

Rule: teeth are placed along the arch in millimetres from the middle, heights from their biting edge.
"""

from dataclasses import dataclass

import numpy as np

from training.actor.anatomy import load_anatomy
from training.actor.canvas import Canvas, blend, grain, layered_noise, noise, ramp, smoothstep, tinted
from training.actor.complexion import against_metering
from training.actor.rig import Rig

# Widths from the middle outwards, and heights of the crowns (mm): means of adults.
_UPPER_WIDTHS_MM = (8.3, 6.7, 7.6, 7.0, 6.8, 10.0, 9.5, 9.0)
_LOWER_WIDTHS_MM = (5.4, 5.9, 6.9, 7.0, 7.1, 11.0, 10.5, 10.0)
_UPPER_CROWNS_MM = (10.2, 8.8, 10.0, 8.4, 8.0, 7.5, 7.2, 7.0)
_LOWER_CROWNS_MM = (8.6, 9.0, 10.0, 8.6, 8.2, 7.6, 7.2, 7.0)
# How much shorter than the strip's edge each tooth is.
_UPPER_SHORT_MM = (0.0, 0.75, 0.1, 0.5, 0.7, 0.8, 0.8, 0.8)
_LOWER_SHORT_MM = (0.1, 0.0, 0.0, 0.4, 0.6, 0.7, 0.7, 0.7)
_IVORY = np.array([0.965, 0.915, 0.835], np.float32)
_GUM = np.array([0.73, 0.415, 0.400], np.float32)
_TONGUE = np.array([0.790, 0.430, 0.405], np.float32)
_MUCOSA = np.array([0.800, 0.340, 0.315], np.float32)
_DARK = np.array([0.060, 0.018, 0.016], np.float32)
_THROAT = np.array([0.260, 0.075, 0.065], np.float32)
_NUM_EDGE = 17  # vertices along a biting edge
_MEAN_PUPILS_CM = 6.2  # between the eyes of those whom the mean widths belong to


@dataclass(frozen=True, slots=True, eq=False)
class Arch:
    """One row of teeth, as painted.

    Args:
        along_mm: [N] from the middle, always positive.
        height_mm: [N] from the biting edge towards the gum.
        inward_cm: [N] behind the arch's outer face.
    """

    along_mm: np.ndarray
    height_mm: np.ndarray
    inward_cm: np.ndarray


def paint_teeth(canvas: Canvas, rig: Rig, is_upper: bool, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] one row of teeth with its gum."""
    arch = _arch(canvas, rig, is_upper)
    widths = np.array(_UPPER_WIDTHS_MM if is_upper else _LOWER_WIDTHS_MM)
    crowns = np.array(_UPPER_CROWNS_MM if is_upper else _LOWER_CROWNS_MM)
    short = np.array(_UPPER_SHORT_MM if is_upper else _LOWER_SHORT_MM)
    borders = np.concatenate([[0], np.cumsum(widths)])
    tooth = np.clip(np.searchsorted(borders, arch.along_mm, side="right") - 1, 0, len(widths) - 1)
    from_middle = (arch.along_mm - borders[tooth]) / widths[tooth] * 2 - 1  # -1..1 across the tooth
    across, mm_to_gap = np.abs(from_middle), (1 - np.abs(from_middle)) * widths[tooth] / 2

    age = rig.identity.complexion.age
    own = rng.normal(0, 1, (2, 2 * len(widths)))[:, tooth + len(widths) * (canvas.place[:, 0] > 0)]
    height = arch.height_mm
    colour = np.broadcast_to(_IVORY, (len(tooth), 3))
    colour = tinted(colour, 0.022 * own[0], (1.0, 1.0, 1.0))
    colour = tinted(colour, 0.25 + 0.5 * age + 0.25 * own[1], (0.01, 0.03, 0.10))
    colour = tinted(colour, smoothstep(3, 9, height) + 0.8 * (tooth == 2), (0.02, 0.045, 0.11))  # yellower at the neck
    colour = tinted(colour, smoothstep(2.2, 0.3, height), (0.07, 0.05, 0.02))  # the edge lets light through
    colour = tinted(colour, across**4, (0.13, 0.145, 0.16))
    colour = tinted(colour, noise(canvas.place * np.array([1, 0.25, 1], np.float32), 0.08, rng), (0.02, 0.02, 0.025))

    # Gaps: a line between the teeth that opens towards the biting edge.
    corner_mm = np.where(tooth < 2, 0.55, 0.9)
    rounded = short[tooth] + corner_mm * (1 - np.sqrt(np.clip(1 - (1 - np.clip(mm_to_gap / 1.3, 0, 1)) ** 2, 0, 1)))
    missing = smoothstep(0.12, -0.12, height - rounded)
    gap = 0.30 * smoothstep(0.30, 0.04, mm_to_gap) * smoothstep(crowns[tooth] + 1, crowns[tooth] - 3, height)
    colour = blend(colour, (0.33, 0.20, 0.17), gap)
    colour = blend(colour, _DARK, 0.9 * missing * smoothstep(0.5, 0.2, arch.inward_cm))

    # The gum line arches over each tooth and reaches down between them.
    gum_line = crowns[tooth] - 2.6 * across**2.6 + 0.25 * layered_noise(canvas.place, 0.3, 2, rng)
    in_gum = smoothstep(-0.35, 0.35, height - gum_line)
    colour = tinted(colour, np.exp(-(((height - gum_line) / 0.5) ** 2)), (0.12, 0.16, 0.16))
    colour = blend(colour, _gum(canvas, rig, height - gum_line, from_middle, rng), in_gum)
    return _deeper(colour, canvas, arch, rig) * np.float32(against_metering(rig.identity.complexion.skin))


def _deeper(colour: np.ndarray, canvas: Canvas, arch: Arch, rig: Rig) -> np.ndarray:
    """Back teeth and the inner side lie in the cheeks' and the palate's shade."""
    colour = tinted(colour, smoothstep(17, 52, arch.along_mm), (0.60, 0.64, 0.66))
    colour = tinted(colour, smoothstep(0.15, 0.9, arch.inward_cm), (0.45, 0.52, 0.52))
    return tinted(colour, smoothstep(9.0, 17.0, arch.height_mm), (0.55, 0.62, 0.62))


def _gum(
    canvas: Canvas, rig: Rig, above_mm: np.ndarray, from_middle: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    gum = np.broadcast_to(_GUM, (len(above_mm), 3))
    brown = ramp(0.55, 0.28, rig.identity.complexion.skin[0])
    gum = tinted(gum, np.full(len(gum), brown) * (1 + 0.4 * noise(canvas.place, 0.4, rng)), (0.30, 0.25, 0.15))
    gum = tinted(gum, smoothstep(0.5, 6.0, above_mm), (0.06, 0.26, 0.25))  # redder towards the lip's fold
    roots = np.cos(np.pi * from_middle) * smoothstep(1.0, 3.0, above_mm)
    gum = tinted(gum, -0.5 * roots, (0.06, 0.06, 0.06))
    return tinted(gum, grain(canvas, 0.8, 2.4, rng), (0.022, 0.03, 0.03))


def _arch(canvas: Canvas, rig: Rig, is_upper: bool) -> Arch:
    anatomy = load_anatomy()
    rows = anatomy.parts["upper_teeth" if is_upper else "lower_teeth"]
    towards_gum = 1.0 if is_upper else -1.0
    # The biting edge: what lies furthest from the gum once the row's own tilt is taken out.
    _, height, depth = anatomy.base[rows].T
    level = np.polynomial.Polynomial.fit(depth, height, 1)(depth)
    edge = rows[np.argsort(towards_gum * (height - level))[:_NUM_EDGE]]
    edge = edge[np.argsort(anatomy.base[edge, 0] + 1e-3 * np.sign(anatomy.base[edge, 0]) * -anatomy.base[edge, 2])]
    curve = rig.topology.neutral[edge]
    middle_z = float(curve[:, 2].min()) - 0.5
    angles = np.arctan2(curve[:, 0], curve[:, 2] - middle_z)
    lengths_mm = 10 * np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve[:, [0, 2]], axis=0), axis=1))])
    lengths_mm -= np.interp(0.0, angles, lengths_mm)

    x, z = canvas.place[:, 0], canvas.place[:, 2]
    angle = np.arctan2(x, z - middle_z)
    radius = np.interp(angle, angles, np.hypot(curve[:, 0], curve[:, 2] - middle_z))
    # A larger head has larger teeth.
    size = float(np.clip((rig.eye_centres[0, 0] - rig.eye_centres[1, 0]) / _MEAN_PUPILS_CM, 0.92, 1.06))
    along = np.abs(np.interp(angle, angles, lengths_mm)) / size
    height = 10 * towards_gum * (canvas.place[:, 1] - np.interp(angle, angles, curve[:, 1])) / size
    return Arch(along, height, radius - np.hypot(x, z - middle_z))


def paint_tongue(canvas: Canvas, rig: Rig, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] the tongue: rough and coated on top, smooth and veined beneath."""
    place = canvas.place
    back = smoothstep(float(place[:, 2].max()) - 1.0, float(place[:, 2].min()) + 1.0, place[:, 2])
    on_top = smoothstep(-0.2, 0.5, canvas.normal[:, 1])
    colour = np.broadcast_to(_TONGUE, place.shape)
    papillae = grain(canvas, 0.6, 1.6, rng)
    colour = tinted(colour, on_top * papillae, (0.014, 0.024, 0.022))
    colour = tinted(colour, layered_noise(place, 0.5, 2, rng), (0.03, 0.06, 0.06))
    coat = on_top * smoothstep(0.15, 0.5, back) * smoothstep(1.7, 0.4, np.abs(place[:, 0]))
    colour = blend(colour, (0.76, 0.58, 0.53), 0.35 * coat)
    groove = (
        np.exp(-(((place[:, 0] + 0.05 * noise(place, 0.7, rng)) / 0.09) ** 2)) * on_top * smoothstep(0.02, 0.25, back)
    )
    colour = tinted(colour, groove, (0.26, 0.34, 0.33))
    colour = tinted(colour, 1 - on_top, (0.12, 0.26, 0.22))
    tip = place[place[:, 2].argmax()]
    return blend(colour, _THROAT, 0.95 * smoothstep(0.7, 4.0, np.linalg.norm(place - tip, axis=1)))


def paint_cavity(canvas: Canvas, rig: Rig, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] lips' inner side, cheeks, palate with its ridges, and the throat that light does not reach."""
    place, lips = canvas.place, rig.topology.neutral[rig.topology.sets["lips"]]
    behind_cm = float(lips[:, 2].max()) - place[:, 2]
    colour = np.broadcast_to(_MUCOSA, place.shape)
    colour = tinted(colour, layered_noise(place, 0.6, 3, rng), (0.06, 0.12, 0.12))
    palate = smoothstep(float(lips[:, 1].mean()) + 0.4, float(lips[:, 1].mean()) + 1.4, place[:, 1])
    ridges = np.sin(2 * np.pi * (behind_cm + 0.12 * np.abs(place[:, 0]) ** 1.5 + 0.1 * noise(place, 0.5, rng)) / 0.42)
    colour = tinted(colour, palate * ridges * smoothstep(5.5, 3.5, behind_cm), (0.10, 0.16, 0.16))
    colour = blend(colour, (0.70, 0.40, 0.37), 0.4 * palate * smoothstep(6.0, 3.0, behind_cm))
    return blend(colour, _THROAT, 0.99 * smoothstep(3.6, 8.4, behind_cm))
