"""The painter: skin, lips, brows, lashes, short hair, iris, teeth and tongue, all procedural.

Rule: everything is placed by the head's own anatomy (eye centres, lips, ears), so any actor can be painted.
"""

import cv2
import numpy as np
from scipy.spatial import cKDTree

from training.actor.anatomy import load_anatomy
from training.actor.atlas import island_mask
from training.actor.canvas import Canvas, layered_noise, make_canvas, noise, smoothstep
from training.actor.rig import Rig

_DECAL_PX_PER_CM = 100
_DECAL_HALF_CM = (9.0, 9.0)

# The hairline: height above the ears (cm) by direction from the middle of the face (degrees).
_HAIRLINE_DEG = (0, 18, 32, 42, 50, 58, 66, 72, 80, 95, 115, 140, 180)
_HAIRLINE_CM = (7.9, 8.3, 8.8, 8.1, 5.6, 4.2, 3.4, -0.5, -1.2, -1.0, -2.8, -6.5, -7.5)


def paint_skin(rig: Rig, occlusion: np.ndarray, size_px: int = 2048) -> np.ndarray:
    """[size_px, size_px, 3] uint8 sRGB red-green-blue texture of the rig's atlas, top row first.

    Args:
        rig: Whose skin.
        occlusion: [V] in 0..1, painted in.
        size_px: A power of two.
    """
    rng = np.random.default_rng(rig.identity.seed)
    canvas = make_canvas(rig.topology, size_px)
    colour = _skin_tone(canvas, rig, rng)
    colour = _lips(canvas, rig, colour, rng)
    colour = _hair(canvas, rig, colour, rng)
    colour = _brows(canvas, rig, colour, rng)
    colour = _lids(canvas, rig, colour)
    colour = _mouth(canvas, rig, colour, rng)
    openness = occlusion.copy()
    openness[_in_mouth(rig)] = 1.0  # baked with the lips closed; the mouth has its own darkness
    shade = 0.38 + 0.62 * np.clip(canvas.spread(openness) * 1.12, 0, 1)
    colour = colour * shade[..., None] ** np.array([0.85, 1.0, 1.05], np.float32)  # light bleeds red in the folds
    for side in (0, 1):
        colour = _eye(canvas, rig, colour, side, rng)
    return (canvas.filled(np.clip(colour, 0, 1)) * 255 + 0.5).astype(np.uint8)


def _in_mouth(rig: Rig) -> np.ndarray:
    sets = rig.topology.sets
    inside = np.flatnonzero(load_anatomy().masks["inside-mouth"] > 0)
    return np.concatenate([inside, sets["teeth"], sets["tongue"]])


def _blend(colour: np.ndarray, other: np.ndarray | tuple[float, float, float], share: np.ndarray) -> np.ndarray:
    return colour + (np.asarray(other, np.float32) - colour) * share[..., None]


def _bump(place: np.ndarray, centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    """A soft spot in the face's front view, mirrored."""
    x, y = (np.abs(place[..., 0]) - centre[0]) / radii[0], (place[..., 1] - centre[1]) / radii[1]
    return np.exp(-(x * x + y * y)) * smoothstep(0.0, 5.0, place[..., 2])


def _skin_tone(canvas: Canvas, rig: Rig, rng: np.random.Generator) -> np.ndarray:
    looks, place = rig.identity.complexion, canvas.place
    _, eye_y, _ = rig.eye_centres.mean(0)
    mouth_y = float(rig.topology.neutral[rig.topology.sets["lips"], 1].mean())
    colour = np.broadcast_to(np.asarray(looks.skin, np.float32), (*place.shape[:2], 3)).copy()

    # Blood near the surface, blue under the eyes, and slow changes of tone.
    flush = 0.50 * _bump(place, (4.4, eye_y - 3.4), (2.4, 2.2)) + 0.7 * _bump(place, (0, eye_y - 3.6), (1.4, 1.2))
    flush += 0.35 * _bump(place, (0, mouth_y - 3.2), (1.6, 1.2))
    flush += 0.6 * canvas.spread(load_anatomy().masks["ears"])
    flush += 0.30 * layered_noise(place, 3.0, 3, rng)
    colour += flush[..., None] * np.asarray(looks.flush, np.float32)
    tired = _bump(place, (2.7, eye_y - 1.15), (1.5, 0.45)) + 0.6 * _bump(place, (1.5, eye_y + 0.2), (0.5, 0.8))
    colour *= 1 - tired[..., None] * np.array([0.10, 0.13, 0.09], np.float32)
    forehead = smoothstep(eye_y + 2, eye_y + 5, place[..., 1])
    colour *= 1 + forehead[..., None] * np.array([0.02, 0.025, 0.01], np.float32)

    # Pores, mottling, freckles.
    fine = 0.55 * noise(place, 0.055, rng) + 0.45 * noise(place, 0.13, rng)
    colour *= 1 + looks.pores * 0.085 * fine[..., None]
    colour *= 1 + 0.035 * layered_noise(place, 1.1, 2, rng)[..., None] * np.array([0.5, 1.0, 1.0], np.float32)
    spots = smoothstep(0.62, 0.85, noise(place, 0.22, rng)) * (0.4 + _bump(place, (3.6, eye_y - 2.6), (3, 2)))
    colour *= 1 - looks.freckles * spots[..., None] * np.array([0.18, 0.28, 0.30], np.float32)

    # A shaved beard: bluish, speckled, on jaw, chin and upper lip.
    jaw = smoothstep(mouth_y + 1.9, mouth_y + 0.6, place[..., 1] - 0.28 * np.abs(place[..., 0]))
    jaw *= smoothstep(-1.0, 3.5, place[..., 2]) * smoothstep(mouth_y - 8.5, mouth_y - 6.0, place[..., 1])
    speckle = 0.75 + 0.5 * noise(place, 0.07, rng)
    colour *= 1 - (looks.beard * jaw * speckle)[..., None] * np.array([0.30, 0.25, 0.20], np.float32)
    return colour


def _lips(canvas: Canvas, rig: Rig, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    looks, place = rig.identity.complexion, canvas.place
    share = smoothstep(0.15, 0.75, canvas.spread(load_anatomy().masks["lips"]))
    # Fine upright folds.
    folds = 1 + 0.07 * noise(place * np.array([1.0, 0.15, 0.3], np.float32), 0.09, rng)
    tone = np.asarray(looks.skin, np.float32) * np.asarray(looks.lips, np.float32) * folds[..., None]
    return _blend(colour, tone, 0.9 * share)


def _hair(canvas: Canvas, rig: Rig, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    place, masks = canvas.place, load_anatomy().masks
    azimuth = np.degrees(np.abs(np.arctan2(place[..., 0], place[..., 2])))
    line = np.interp(azimuth, _HAIRLINE_DEG, _HAIRLINE_CM) + 0.35 * layered_noise(place, 0.9, 3, rng)
    share = smoothstep(-0.35, 0.75, place[..., 1] - line)
    share *= 1 - smoothstep(0.05, 0.4, canvas.spread(masks["ears"]))
    share *= canvas.is_in(load_anatomy().parts["skin"], rig.topology.num_vertices)
    strands = 0.75 + 0.40 * noise(place * np.array([1.0, 0.45, 0.45], np.float32), 0.06, rng)
    strands += 0.22 * layered_noise(place, 0.5, 3, rng)
    tone = np.asarray(rig.identity.complexion.hair, np.float32) * (1.1 * strands)[..., None]
    return _blend(colour, tone, np.clip(share * (0.72 + 0.28 * strands), 0, 0.94))


def _brows(canvas: Canvas, rig: Rig, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hairs drawn in the front view of the right half, laid on both sides with different hairs."""
    eye_x, eye_y, _ = rig.eye_centres[0]
    place = canvas.place
    on_front = smoothstep(0.15, 0.45, canvas.normal[..., 2]) * (place[..., 2] > 4)
    for side in (1, -1):
        decal = _brow_decal(float(eye_x), rng)
        columns = (side * place[..., 0] + _DECAL_HALF_CM[0]) * _DECAL_PX_PER_CM
        rows = (_DECAL_HALF_CM[1] - (place[..., 1] - eye_y)) * _DECAL_PX_PER_CM
        share = cv2.remap(decal, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
        share = share.astype(np.float32) / 255 * on_front * (side * place[..., 0] > 0.2)
        colour = _blend(colour, rig.identity.complexion.hair, 0.92 * share)
    return colour


def _brow_decal(eye_x: float, rng: np.random.Generator) -> np.ndarray:
    width, height = (int(2 * half * _DECAL_PX_PER_CM) for half in _DECAL_HALF_CM)
    image = np.zeros((height, width), np.uint8)
    to_pixel = np.array([_DECAL_PX_PER_CM, -_DECAL_PX_PER_CM]), np.array([c * _DECAL_PX_PER_CM for c in _DECAL_HALF_CM])
    along = np.sort(rng.uniform(0, 1, 620))
    for t in along:
        # The arch, inner end to tail; hairs stand up inside and lie along the arch outside.
        x = eye_x + np.interp(t, [0, 0.6, 1], [-1.75, 1.0, 2.55])
        y = np.interp(t, [0, 0.3, 0.62, 1], [1.40, 1.66, 1.90, 1.30])
        thickness = np.interp(t, [0, 0.15, 0.5, 1], [0.34, 0.42, 0.34, 0.08])
        start = np.array([x, y + rng.normal(0, 0.36) * thickness])
        angle = np.radians(np.interp(t, [0, 0.25, 0.7, 1], [72, 38, 2, -38]) + rng.normal(0, 9))
        length = np.interp(t, [0, 0.4, 1], [0.42, 0.62, 0.40]) * rng.uniform(0.75, 1.15)
        bend = start + 0.5 * length * np.array([np.cos(angle + 0.2), np.sin(angle + 0.2)])
        end = bend + 0.5 * length * np.array([np.cos(angle - 0.35), np.sin(angle - 0.35)])
        points = np.stack([start, bend, end]) * to_pixel[0] + to_pixel[1]
        cv2.polylines(
            image, [np.round(points * 16).astype(np.int32)], False, int(rng.uniform(110, 235)), 1, cv2.LINE_AA, 4
        )
    return cv2.GaussianBlur(image, (0, 0), 1.3)


def _lids(canvas: Canvas, rig: Rig, colour: np.ndarray) -> np.ndarray:
    """Lash lines along the lids' edges, and the moist inner rim."""
    hair = np.asarray(rig.identity.complexion.hair, np.float32)
    lids = np.flatnonzero(canvas.is_in(rig.topology.sets["lids"], rig.topology.num_vertices))
    place = canvas.place.reshape(-1, 3)[lids]
    lash, rim = np.zeros(len(lids)), np.zeros(len(lids))
    for side, socket in enumerate(("left_socket", "right_socket")):
        centre, radius = rig.eye_centres[side], rig.eye_radii[side]
        edge = rig.topology.neutral[_lid_edge(rig, socket)]
        away, nearest = cKDTree(edge).query(place)
        is_upper = smoothstep(-0.25, 0.0, (edge - centre)[nearest, 1]) * smoothstep(
            -0.1, 0.1, (place - edge[nearest])[:, 1]
        )
        reach = 0.40 + 0.26 * is_upper
        lash = np.maximum(lash, smoothstep(reach, reach * 0.72, away) * (0.28 + 0.66 * is_upper))
        gap = np.linalg.norm(place - centre, axis=1) - radius
        rim = np.maximum(rim, smoothstep(0.14, 0.02, gap) * (1 - is_upper) * (away < 0.5))
    flat = colour.reshape(-1, 3)
    flat[lids] = _blend(flat[lids], hair * 0.75, lash)
    flat[lids] = _blend(flat[lids], (0.62, 0.38, 0.34), 0.7 * rim)
    return colour


def _lid_edge(rig: Rig, socket: str) -> np.ndarray:
    """Vertices where the face's island meets the eye socket's: a loop just behind the lids' edges."""
    topology = rig.topology
    rows = [
        topology.faces.ravel()[island_mask(topology.uv, island)[topology.uv_faces.ravel()]]
        for island in ("head", socket)
    ]
    return np.intersect1d(*rows)


def _mouth(canvas: Canvas, rig: Rig, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inside of the mouth darkens towards the throat; teeth are ivory, the tongue is rough."""
    topology, place = rig.topology, canvas.place
    count = topology.num_vertices
    front = float(topology.neutral[topology.sets["lips"], 2].max())
    light = smoothstep(front - 7.5, front - 1.2, place[..., 2])
    inside = canvas.spread(load_anatomy().masks["inside-mouth"]) > 0.5
    red = np.array([0.50, 0.20, 0.19], np.float32) * (0.12 + 0.88 * light)[..., None]
    colour = np.where(inside[..., None], red, colour)
    teeth = canvas.is_in(topology.sets["teeth"], count)
    ivory = np.array([0.84, 0.80, 0.71], np.float32) * (0.25 + 0.75 * light)[..., None]
    # Gaps between the teeth, about one each 7 mm along the arch.
    gaps = smoothstep(0.80, 0.98, np.abs(np.cos(np.pi * place[..., 0] / 0.74)))
    colour = np.where(teeth[..., None], ivory * (1 - 0.30 * gaps[..., None]), colour)
    tongue = canvas.is_in(topology.sets["tongue"], count)
    rough = 1 + 0.10 * noise(place, 0.08, rng)
    pink = np.array([0.68, 0.34, 0.33], np.float32) * ((0.15 + 0.85 * light) * rough)[..., None]
    return np.where(tongue[..., None], pink, colour)


def _eye(canvas: Canvas, rig: Rig, colour: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    rows = rig.topology.sets[("left_eye", "right_eye")[side]]
    is_eye = canvas.is_in(rows, rig.topology.num_vertices)
    offset = canvas.place - rig.eye_centres[side]
    direction = offset / np.maximum(np.linalg.norm(offset, axis=-1, keepdims=True), 1e-6)
    off_axis = np.degrees(np.arccos(np.clip(direction[..., 2], -1, 1)))
    around = np.arctan2(direction[..., 1], direction[..., 0])
    polar = np.stack([np.cos(around) * 3, np.sin(around) * 3, off_axis * 0.02], axis=-1).astype(np.float32)

    veins = smoothstep(0.55, 0.95, layered_noise(offset.astype(np.float32), 0.25, 3, rng)) * smoothstep(
        28, 60, off_axis
    )
    white = np.array([0.86, 0.83, 0.80], np.float32) * (1 - 0.25 * smoothstep(25, 75, off_axis))[..., None]
    white = _blend(white, (0.78, 0.45, 0.42), 0.35 * veins + 0.25 * smoothstep(50, 80, off_axis))
    fibres = 0.80 + 0.45 * noise(polar, 0.12, rng) + 0.2 * noise(polar, 0.4, rng)
    iris = np.asarray(rig.identity.complexion.iris, np.float32) * fibres[..., None]
    collar = smoothstep(16, 11, off_axis)
    iris = _blend(iris, (0.42, 0.31, 0.18), 0.55 * collar)
    iris *= (1 - 0.65 * smoothstep(20.5, 24.5, off_axis))[..., None]  # the dark limbal ring
    eye = _blend(white, iris, smoothstep(25.5, 23.2, off_axis))
    eye = _blend(eye, (0.015, 0.015, 0.018), smoothstep(9.6, 8.4, off_axis))
    # The upper lid's shadow lies on the eyeball whatever the lamps do.
    eye *= (1 - 0.28 * smoothstep(0.35, 0.95, direction[..., 1]))[..., None]
    return np.where(is_eye[..., None], eye, colour)
