"""The mesh's named vertex sets, read off the base anatomy: the same rows on every actor."""

import numpy as np

from training.actor.anatomy import Anatomy
from training.actor.contact import lip_pairs
from training.actor.eyelids import lid_pairs

_ANIMATED_MM = 1.0  # a vertex that some unit moves further than this is animated


def vertex_sets(anatomy: Anatomy) -> dict[str, np.ndarray]:
    """Sets by name, int32: [n] rows, or [n, 2] pairs for `lip_pairs`, `lid_pairs` and their union `contact_pairs`."""
    base, parts, masks = anatomy.base, anatomy.parts, anatomy.masks
    motion_mm = np.linalg.norm(anatomy.unit_deltas, axis=2) * 10  # [52, V]
    is_skin = np.zeros(len(base), bool)
    is_skin[parts["skin"]] = True
    is_skin &= masks["inside-mouth"] == 0
    eyes = np.concatenate([parts["left_eye"], parts["right_eye"]])
    is_animated = motion_mm.max(0) > _ANIMATED_MM
    is_animated[eyes] = True
    is_animated[parts["upper_teeth"]] = False

    def moved_most_by(*stems: str) -> np.ndarray:
        rows = [index for index, unit in enumerate(anatomy.units) if unit.startswith(stems)]
        share = motion_mm[rows].max(0)
        return np.asarray(is_skin & (share > 0.3 * share[is_skin].max()))

    lips, lids = is_skin & (masks["lips"] > 0), is_skin & (masks["eyelids"] > 0)
    mouth_height, eye_height = base[lips, 1].mean(), base[eyes, 1].mean()
    nose_top = base[is_skin & (np.abs(base[:, 0]) < 1.0), 2].max()
    face = is_skin & (masks["face"] > 0)
    regions = {
        "lips": lips,
        "lids": lids,
        "brows": face & moved_most_by("brow") & ~lids & (base[:, 1] > eye_height + 0.8),
        "jaw": face & moved_most_by("jaw") & ~lips & (base[:, 1] < mouth_height),
        "cheeks": face & moved_most_by("cheek") & ~lips & ~lids & (np.abs(base[:, 0]) > 2.0),
        "nose": face & ~lips & (np.abs(base[:, 0]) < 2.2) & (base[:, 2] > nose_top - 3.5)
        & (base[:, 1] > mouth_height + 1.0) & (base[:, 1] < eye_height),
        "animated": is_animated,
        "face": face,
    }  # fmt: skip
    sets = {name: np.flatnonzero(mask) for name, mask in regions.items()}
    sets |= {
        "left_eye": parts["left_eye"],
        "right_eye": parts["right_eye"],
        "eyes": np.sort(eyes),
        "upper_teeth": parts["upper_teeth"],
        "lower_teeth": parts["lower_teeth"],
        "teeth": np.sort(np.concatenate([parts["upper_teeth"], parts["lower_teeth"]])),
        "tongue": parts["tongue"],
        "lip_pairs": lip_pairs(),
        "lid_pairs": lid_pairs(),
        "contact_pairs": np.concatenate([lip_pairs(), lid_pairs()]),
    }
    return {name: rows.astype(np.int32) for name, rows in sets.items()}
