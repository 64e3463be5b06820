"""Stills of an actor for people to look at: painted, lit and turned as on the stage, without its camera's noise."""

import multiprocessing as mp
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

import numpy as np

from engine.shots import FRONT
from training.actor.curves import weights_of
from training.actor.identity import Identity
from training.actor.occlusion import bake_occlusion
from training.actor.rig import build_rig
from training.actor.sensor import Mains, Sensor
from training.actor.skin import paint_skin
from training.actor.stage import Stage, StageSetup
from training.processes import begin_renderer

_VIEW_HEIGHT_CM = 30.0  # the same for everybody: small heads look small
_CLEAN = Sensor(full_well_e=1e6, read_noise_e=0.0)


@dataclass(frozen=True, slots=True)
class Still:
    """An expression and the side from which it is seen.

    Args:
        caption: A few words for people.
        weights: Expression units by name; without a side, a name stands for both.
        yaw_deg: How far the head is turned, positive to the actor's left.
    """

    caption: str
    weights: Mapping[str, float] = field(default_factory=dict)
    yaw_deg: float = 0.0


_SMILE = {
    "mouthSmile": 0.85, "cheekSquint": 0.6, "eyeSquint": 0.3, "mouthDimple": 0.2, "mouthUpperUp": 0.6,
    "mouthLowerDown": 0.3, "jawOpen": 0.07,
}  # fmt: skip

FIRST_LOOK = (Still("neutral"), Still("smiling, three-quarter", _SMILE, 32.0))
EXPRESSIONS = (
    Still("neutral"),
    Still("smile", _SMILE),
    Still("surprise", {"browInnerUp": 0.8, "browOuterUp": 0.8, "eyeWide": 0.8, "jawOpen": 0.35}),
    Still("anger", {"browDown": 1.0, "noseSneer": 0.5, "eyeSquint": 0.4, "mouthPress": 0.5, "mouthFrown": 0.4}),
    Still("eyes closed", {"eyeBlink": 1.0}),
    Still("jaw open", {"jawOpen": 0.85}),
    Still("pucker", {"mouthPucker": 1.0}),
    Still("three-quarter", {}, 38.0),
)


def portray(
    identities: Sequence[Identity],
    stills: Sequence[Still],
    width_px: int,
    height_px: int,
    skin_px: int,
    *,
    num_processes: int,
    progress: Callable[[int], None],
) -> list[list[np.ndarray]]:
    """`take_stills` of many actors, painted in processes of their own, in the order of `identities`.

    Args:
        identities: Who is portrayed.
        stills: What is asked for of each.
        width_px: Of a picture.
        height_px: Of a picture.
        skin_px: Of the painted atlas.
        num_processes: Painters side by side.
        progress: Told, on the calling thread, that one more actor is done.
    """
    context = mp.get_context("spawn")  # an OpenGL context does not survive a fork
    with ProcessPoolExecutor(min(num_processes, len(identities)), context, begin_renderer) as pool:
        pending = [pool.submit(take_stills, identity, stills, width_px, height_px, skin_px) for identity in identities]
        try:
            for future in as_completed(pending):
                future.result()
                progress(1)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return [future.result() for future in pending]


def take_stills(
    identity: Identity, stills: Sequence[Still], width_px: int, height_px: int, skin_px: int = 1024
) -> list[np.ndarray]:
    """[height_px, width_px, 3] uint8 red-green-blue for each of `stills`; needs an OpenGL context of its own.

    Args:
        identity: Who sits for them.
        stills: What is asked for.
        width_px: Of a picture.
        height_px: Of a picture.
        skin_px: Of the painted atlas, a power of two.
    """
    rig = build_rig(identity)
    skin = paint_skin(rig, bake_occlusion(rig, rig.topology.neutral), skin_px)
    setup = StageSetup(
        width_px=2 * ((width_px + 1) // 2), height_px=2 * ((height_px + 1) // 2), is_gray=False,
        view_height_cm=_VIEW_HEIGHT_CM, sensor=_CLEAN, mains=Mains(mains_hz=0.0),
    )  # fmt: skip
    stage, still_head, rng = Stage(rig.topology, skin, setup), np.zeros(3), np.random.default_rng(identity.seed)
    pictures = []
    for still in stills:
        turn = np.array([still.yaw_deg, 0.0, 0.0])
        taken = stage.photograph(rig.pose(weights_of(still.weights, rig.units)), turn, still_head, rng)[FRONT]
        pictures.append(np.ascontiguousarray(taken[:height_px, :width_px, ::-1]))
    stage.release()
    return pictures
