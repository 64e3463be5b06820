"""What a shot's meshes do: how far from the neutral face, by region, how fast, how often the lids close.

Rule: distances are millimetres; only vertices that can move count.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.mesh import MM_PER_CM, Topology
from training.mesh_steps import head_step_cm

REGIONS = ("lips", "jaw", "lids", "brows", "cheeks", "nose", "eyes", "tongue")
ALL = "animated"
_CONTACTS = "contact_pairs"
_CHUNK = 64  # frames in memory at a time
_NUM_TRACED = 200  # vertices followed for the comparison with the picture
_CLOSED, _OPEN = 0.35, 0.6  # of the usual opening: a blink goes below the first and comes back above the second


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Of the N meshes of a shot.

    Args:
        from_neutral: [N] float32 mm, root mean square over the animated vertices.
        speed: [N] float32 mm, likewise to the frame before; 0 at the first.
        head_step: [N] float32 mm, how far the whole head moves since the frame before.
        largest_step: [N] float32 mm, of the vertex that moves most since the frame before.
        regions: The same as `from_neutral` for every region the topology names.
        lip_gap: [N] float32 mm between upper and lower lip; none where the topology names no pairs.
        lid_gap: [N] float32 mm, likewise between the lids.
        traced: [N, n, 3] float32 cm, some of the animated vertices.
        num_broken: Frames with a coordinate that is no number.
    """

    from_neutral: np.ndarray
    speed: np.ndarray
    head_step: np.ndarray
    largest_step: np.ndarray
    regions: Mapping[str, np.ndarray]
    lip_gap: np.ndarray | None
    lid_gap: np.ndarray | None
    traced: np.ndarray
    num_broken: int

    @property
    def num_blinks(self) -> int | None:
        """How often the lids closed and opened again; None where the topology names no lids."""
        return None if self.lid_gap is None else count_closings(self.lid_gap)


def measure_motion(vertices: np.ndarray, topology: Topology) -> Motion:
    """Measure every mesh of a shot.

    Args:
        vertices: [N, V, 3] float32 cm, may be mapped.
        topology: Of the data set.
    """
    animated = topology.animated
    rows = {ALL: animated} | {
        name: topology.sets[name] for name in REGIONS if topology.sets.get(name, animated[:0]).size
    }
    pairs = _pairs(topology)
    traced = animated[:: max(1, len(animated) // _NUM_TRACED)]
    columns: dict[str, list[np.ndarray]] = {name: [] for name in (*rows, *pairs, "speed", "head", "largest", "traced")}
    num_broken, before = 0, np.asarray(vertices[:1])
    for first in range(0, len(vertices), _CHUNK):
        chunk = np.asarray(vertices[first : first + _CHUNK])
        is_broken = ~np.isfinite(chunk).all(axis=(1, 2))
        num_broken += int(is_broken.sum())
        chunk = np.where(is_broken[:, None, None], topology.neutral, chunk) if is_broken.any() else chunk
        for name, region in rows.items():
            columns[name].append(_rms_mm(chunk[:, region] - topology.neutral[region]))
        for name, (upper, lower) in pairs.items():
            gaps = np.linalg.norm(chunk[:, upper] - chunk[:, lower], axis=2)
            columns[name].append(gaps.mean(axis=1) * MM_PER_CM)
        steps = np.diff(chunk, axis=0, prepend=before)
        ways = np.sqrt(np.einsum("nvi,nvi->nv", steps, steps))
        columns["speed"].append(_rms_mm(steps[:, animated]))
        columns["head"].append(head_step_cm(ways) * MM_PER_CM)
        columns["largest"].append(ways.max(axis=1) * MM_PER_CM)
        columns["traced"].append(chunk[:, traced])
        before = chunk[-1:]
    whole = {name: np.concatenate(parts).astype(np.float32) for name, parts in columns.items()}
    return Motion(
        whole[ALL],
        whole["speed"],
        whole["head"],
        whole["largest"],
        {name: whole[name] for name in rows if name != ALL},
        whole.get("lip_gap"),
        whole.get("lid_gap"),
        whole["traced"],
        num_broken,
    )


def _pairs(topology: Topology) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Upper and lower rows of what touches: the lips, the lids."""
    contacts = topology.sets.get(_CONTACTS, np.zeros((0, 2), np.int32)).reshape(-1, 2)
    found = {}
    for name, region in (("lip_gap", "lips"), ("lid_gap", "lids")):
        of_region = contacts[np.isin(contacts[:, 0], topology.sets.get(region, contacts[:0, 0]))]
        if len(of_region):
            found[name] = (of_region[:, 0], of_region[:, 1])
    return found


def _rms_mm(offsets: np.ndarray) -> np.ndarray:
    """[n] root mean square length of [n, v, 3] cm."""
    return np.asarray(np.sqrt(np.einsum("nvi,nvi->n", offsets, offsets) / offsets.shape[1]) * MM_PER_CM)


def count_closings(gap: np.ndarray) -> int:
    """How often a gap that is usually open shuts and opens again.

    Args:
        gap: [N] mm.
    """
    usual = float(np.percentile(gap, 75))
    count, is_shut = 0, False
    for value in gap:
        if not is_shut and value < _CLOSED * usual:
            is_shut = True
        elif is_shut and value > _OPEN * usual:
            is_shut = False
            count += 1
    return count
