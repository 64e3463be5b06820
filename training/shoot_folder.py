"""What an earlier run left in a shoot's folder: which shots are made, whole, and of this very shoot.

Rule: only reads, but for `put_in_place` and `clear_away`. A folder of anything else is refused, and what differs named.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from engine.claim import LOCK_FILE
from engine.errors import ActorError, LiveDoubleError, ShotError
from engine.mesh import Topology
from engine.shots import DATASET_FILE, SHOT_FILE, SKIN_FILE, TOPOLOGY_FILE, Role, Shot, ShotFacts
from training.actor.rig import Rig
from training.actor.stage import StageSetup
from training.shoot_plan import ShotPlan, later_session

_PARTIAL, _DAMAGED = ".partial", ".damaged"
_SAME_MESH_CM = 1e-4
_OPTIONS = {
    "full_well_e": "--full-well", "read_noise_e": "--read-noise", "gain": "--gain", "exposure_ms": "--exposure-ms",
    "mains_hz": "--mains-hz", "flicker_depth": "--flicker-depth",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begun:
    """What an earlier run left.

    Args:
        missing: Shots that are still to be made, damaged ones among them.
        damages: One sentence for each finished shot that is no longer whole.
    """

    missing: tuple[ShotPlan, ...]
    damages: tuple[str, ...] = ()


def stage_of(plan: ShotPlan, setup: StageSetup) -> StageSetup:
    """How this shot is filmed."""
    return later_session(setup) if plan.role is Role.VALIDATION else setup


def check_folder(folder: Path, rig: Rig, plans: tuple[ShotPlan, ...], setup: StageSetup) -> None:
    """See that a folder is new, or holds shots of this very shoot, by what they say of themselves.

    Raises:
        ShotError: The folder holds something else, or a shoot of other options.
    """
    if folder.exists() and not folder.is_dir():
        raise ShotError(f"{folder} is a file.", "Give a new folder.")
    if not folder.exists():
        return
    _check_actor(folder, rig)
    for plan in plans:
        if (folder / plan.name).is_dir():
            _check_options(folder / plan.name, plan, setup)
    _check_names(folder, plans)
    _check_manifest(folder, plans)


def survey(folder: Path, rig: Rig, plans: tuple[ShotPlan, ...], setup: StageSetup) -> Begun:
    """Look at every shot that lies here: its facts, the sizes and counts of its files, a picture of each movie.

    Raises:
        ShotError: The folder holds something else, or a shoot of other options.
    """
    check_folder(folder, rig, plans, setup)
    made = {plan.name for plan in plans if (folder / plan.name).is_dir()}
    damages = {name: damage for name in sorted(made) if (damage := _damage(folder / name))}
    missing = tuple(plan for plan in plans if plan.name not in made or plan.name in damages)
    return Begun(missing, tuple(damages.values()))


def _check_names(folder: Path, plans: tuple[ShotPlan, ...]) -> None:
    files = {SKIN_FILE, TOPOLOGY_FILE, DATASET_FILE, Path(DATASET_FILE).stem, ".crops", LOCK_FILE}
    ours = files | {plan.name for plan in plans}
    for path in sorted(folder.iterdir()):
        if path.name.removesuffix(_PARTIAL).removesuffix(_DAMAGED) in ours:
            continue
        if (path / SHOT_FILE).is_file():
            raise _other_shoot(path, "this one has no such shot, so --minutes, --seed or --jaw-shots differ")
        raise ShotError(f"{folder} holds something other than this shoot: {path.name}.", "Choose a new folder.")


def _check_manifest(folder: Path, plans: tuple[ShotPlan, ...]) -> None:
    """A finished shoot gets no further shots: trainings know their data by its checksum."""
    try:
        listed = json.loads((folder / DATASET_FILE).read_text("utf-8"))["shots"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not finished, or to be written anew
    if added := [plan.name for plan in plans if plan.name not in listed]:
        raise _other_shoot(folder, f"it is finished without {added[0]}, so --minutes, --seed or --jaw-shots differ")


def _check_actor(folder: Path, rig: Rig) -> None:
    try:
        neutral = Topology.load(folder / TOPOLOGY_FILE).neutral
    except (ActorError, BadZipFile):
        return  # not there yet, or not whole; it is written anew
    ours = rig.topology.neutral
    if neutral.shape != ours.shape or np.abs(neutral - ours).max() > _SAME_MESH_CM:
        there = f"--actor {name}" if (name := _listed_actor(folder)) else "another --actor"
        if name == rig.identity.name:
            there = f"an older version of {name}"
        raise _other_shoot(folder, f"{there} there, --actor {rig.identity.name} asked for")


def _listed_actor(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / DATASET_FILE).read_text("utf-8"))["actor"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _facts(folder: Path) -> ShotFacts:
    try:
        return Shot.read_facts(folder)
    except ShotError as error:
        raise ShotError(error.reason, f"Delete {folder} and give the same command again: it is filmed anew.") from error


def _check_options(folder: Path, plan: ShotPlan, setup: StageSetup) -> None:
    facts = _facts(folder)
    if facts.seed is None:
        raise ShotError(f"{folder} was not filmed by a shoot.", "Choose a new folder.")
    setup = stage_of(plan, setup)
    stage, wanted = facts.stage, setup.record()
    pairs: list[tuple[str, Any, Any]] = [("--seed", facts.seed, plan.seed[0])]
    if facts.seed == plan.seed[0] and (facts.role, facts.num_frames) != (plan.role, plan.num_frames):
        pairs.append(("--minutes", f"{facts.num_frames} frames of {facts.role}", f"{plan.num_frames} of {plan.role}"))
    pairs.append(("--colour", *("off" if is_gray else "on" for is_gray in (facts.is_gray, setup.is_gray))))
    pairs.append(("--cameras", *(",".join(sorted(cameras)) for cameras in (facts.movies, setup.cameras))))
    pairs.append(("--size", *(f"{of.get('width_px')}x{of.get('height_px')}" for of in (stage, wanted))))
    rest = {*stage, *wanted} - {"width_px", "height_px"}
    pairs += [(_OPTIONS.get(name, name), stage.get(name), wanted.get(name)) for name in sorted(rest)]
    differences = [f"{option} {there} there, {ours} asked for" for option, there, ours in pairs if there != ours]
    if differences:
        raise _other_shoot(folder, "; ".join(differences))


def _other_shoot(path: Path, what: str) -> ShotError:
    return ShotError(f"{path} is of another shoot: {what}.", "Give the same options as before, or choose a new folder.")


def _damage(folder: Path) -> str:
    """What is wrong with a shot, one sentence that names it; nothing where it is whole."""
    try:
        shot = Shot.open(folder)
        for camera in shot.facts.movies:
            with shot.pictures(camera) as movie:
                if next(iter(movie), None) is None:
                    return f"The shot {folder} is damaged: its {camera} movie holds no picture."
    except LiveDoubleError as error:
        return error.reason
    return ""


def put_in_place(partial: Path, final: Path, facts: ShotFacts) -> None:
    """Give a shot its name, once it is seen to be what was written; a damaged one stays until then.

    Raises:
        ShotError: What lies there is not whole, or not this shot.
    """
    if Shot.open(partial).facts != facts:
        raise ShotError(f"{partial} is not the shot that was filmed.", "Give the same command again.")
    damaged = final.with_name(final.name + _DAMAGED)
    shutil.rmtree(damaged, ignore_errors=True)
    if final.exists():
        final.replace(damaged)
    partial.replace(final)
    shutil.rmtree(damaged, ignore_errors=True)


def clear_away(folder: Path) -> None:
    """Remove what killed runs left; nobody else may be writing here."""
    for path in [*folder.glob(f"*{_PARTIAL}"), *folder.glob(f"*{_DAMAGED}")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
