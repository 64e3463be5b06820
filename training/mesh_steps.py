"""How meshes go from one frame to the next: as a whole head, and vertex by vertex."""

import numpy as np

_HEAD_SHARE = 0.2  # of the vertices: whatever a face does, so many of a head that is held still hardly move
_HEAD_JUMP_CM = 0.3  # between two frames; a head that is not held still may do it, so against its usual motion
_HEAD_JUMP_TIMES = 6.0


def head_step_cm(steps: np.ndarray) -> np.ndarray:
    """[...] how far the whole head moves: what a fifth of the vertices stays below.

    Args:
        steps: [..., V] the way of every vertex since the frame before, cm.
    """
    place = int(_HEAD_SHARE * steps.shape[-1])
    return np.asarray(np.partition(steps, place, axis=-1)[..., place])


def head_jumps(head_steps: np.ndarray) -> np.ndarray:
    """[n] frames, from 0, into which the whole head jumps.

    Args:
        head_steps: [N] cm; 0 for the first frame.
    """
    usual = float(np.median(head_steps)) if len(head_steps) else 0.0
    return np.flatnonzero(head_steps > max(_HEAD_JUMP_CM, _HEAD_JUMP_TIMES * usual))
