"""The panel itself: all measures of one contender in one value, and the tally that collects them shot by shot.

Rule: what cannot be measured is None, never a made-up figure.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.mesh import Topology
from training.panel.blinks import BlinkCrossTalk, blink_cross_talk
from training.panel.calibration import Calibration, CalibrationTally
from training.panel.contact import Contact, Gaps, contact
from training.panel.curves import Curves
from training.panel.distances import Aligned, Distances, DistanceTally
from training.panel.face import Face
from training.panel.motion import MotionTally
from training.panel.shot import SolvedShot
from training.panel.steadiness import Jitter, jerk_ratio, jitter
from training.panel.talking import Talking, UpperFaceTally, talking
from training.panel.worst import WorstFrame, worst_frames

_NUM_WORST = 8


@dataclass(frozen=True, slots=True)
class Region:
    """A named set of vertices.

    Args:
        name: Of the set.
        num_vertices: In each frame.
        distances: From the truth.
        mean_face_rmse_mm: Of a face that never moves.
        attenuation: Size of its motion, 1 = full; None where it stands still.
    """

    name: str
    num_vertices: int
    distances: Distances
    mean_face_rmse_mm: float
    attenuation: float | None


@dataclass(frozen=True, slots=True)
class ShotFigures:
    """A shot.

    Args:
        name: Of the shot.
        rate: Frames per second.
        first_frame: Of the shot that is measured.
        num_frames: Measured.
        rmse_mm: Over the animated vertices of its frames.
        curve_mm: The same of every frame.
    """

    name: str
    rate: float
    first_frame: int
    num_frames: int
    rmse_mm: float
    curve_mm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Every figure of one contender.

    Args:
        num_frames: Measured.
        overall: Over the animated vertices.
        mean_face_rmse_mm: Of the mean of the true frames, shown in every frame.
        attenuation: Of all animated vertices together; None where nothing moves.
        aligned: After alignment.
        regions: By name.
        talking: As the literature compares talking faces; None where the mesh names no lips.
        contacts: Of lips and of lids, where the mesh names pairs.
        blinks: Cross-talk; None where the mesh names no lids.
        jitter: Of a still face; None where no shot has two frames.
        jerk_ratio: 1 = as smooth as the actor; None where nothing moves.
        calibration: Of expected errors; None where none were given.
        shots: By shot, in order.
        worst: Frames to look at, the worst first.
    """

    num_frames: int
    overall: Distances
    mean_face_rmse_mm: float
    attenuation: float | None
    aligned: Aligned
    regions: tuple[Region, ...]
    talking: Talking | None
    contacts: tuple[Contact, ...]
    blinks: BlinkCrossTalk | None
    jitter: Jitter | None
    jerk_ratio: float | None
    calibration: Calibration | None
    shots: tuple[ShotFigures, ...]
    worst: tuple[WorstFrame, ...]

    @property
    def rmse_mm(self) -> float:
        """The paper's error."""
        return self.overall.rmse_mm

    @property
    def worst_attenuation(self) -> float | None:
        """Of the region whose motion is least like the actor's; of everything where the mesh names no region."""
        known = [region.attenuation for region in self.regions if region.attenuation is not None]
        return max(known, key=lambda value: abs(value - 1.0)) if known else self.attenuation

    def region(self, name: str) -> Region | None:
        """By name."""
        return next((region for region in self.regions if region.name == name), None)

    def contact(self, name: str) -> Contact | None:
        """By name."""
        return next((one for one in self.contacts if one.name == name), None)

    def metrics(self) -> dict[str, float]:
        """The figures that travel with an actor, by name; what could not be measured is left out."""
        closure = self.contact("lips")
        values = {
            "rmse_mm": self.overall.rmse_mm,
            "mean_face_rmse_mm": self.mean_face_rmse_mm,
            "attenuation": self.worst_attenuation,
            "jitter_mm": None if self.jitter is None else self.jitter.solved_mm,
            "closure_f1": None if closure is None else closure.f1,
            "mean_mm": self.overall.mean_mm,
            "p95_mm": self.overall.p95_mm,
            "max_mm": self.overall.max_mm,
            "validation_frames": float(self.num_frames),
            **{f"{region.name}_mm": region.distances.rmse_mm for region in self.regions},
        }
        return {name: float(value) for name, value in values.items() if value is not None}

    def to_json(self) -> str:
        """All of it, for machines."""
        return json.dumps(self.to_record(), indent=2, allow_nan=False) + "\n"

    def to_record(self) -> dict[str, Any]:
        """All of it as plain values; curves to the micrometre."""
        record = asdict(self)
        for shot in record["shots"]:
            shot["curve_mm"] = [round(value, 3) for value in shot["curve_mm"]]
        return record


class PanelTally:
    """Collects a panel, shot by shot.

    Args:
        topology: Of the meshes; its vertex sets say what is measured.
    """

    def __init__(self, topology: Topology) -> None:
        self._face = Face.of(topology)
        self._distances = DistanceTally(self._face)
        self._motion = MotionTally(self._face)
        self._upper_face = UpperFaceTally(self._face)
        self._calibration = CalibrationTally(self._face)
        self._curves: list[Curves] = []

    def add(self, shot: SolvedShot) -> None:
        """Measure a shot; nothing of its meshes is kept."""
        if not shot.num_frames:
            return
        for tally in (self._distances, self._motion, self._upper_face, self._calibration):
            tally.add(shot)
        self._curves.append(Curves.of(self._face, shot))

    def panel(self) -> Panel:
        """What was measured so far.

        Raises:
            ValueError: Nothing was.
        """
        if not self._curves:
            raise ValueError("no frame was measured")
        face, motion, curves = self._face, self._motion, self._curves
        lids = [(side, shot) for shot in curves for side in (0, 1)]
        contacts = (
            contact("lips", [Gaps(s.rate, s.truth.lip_gaps_mm, s.solved.lip_gaps_mm) for s in curves]),
            contact("lids", [Gaps(s.rate, s.truth.lid_gaps_mm[k], s.solved.lid_gaps_mm[k]) for k, s in lids]),
        )
        rows_of = dict(face.regions)
        return Panel(
            num_frames=sum(len(shot.rmse_mm) for shot in curves),
            overall=self._distances.overall(),
            mean_face_rmse_mm=motion.mean_face_rmse_mm(face.animated),
            attenuation=motion.attenuation(face.animated),
            aligned=self._distances.aligned(),
            regions=tuple(
                Region(name, count, found, motion.mean_face_rmse_mm(rows_of[name]), motion.attenuation(rows_of[name]))
                for name, count, found in self._distances.regions()
            ),
            talking=talking(curves, self._upper_face),
            contacts=tuple(one for one in contacts if one is not None),
            blinks=blink_cross_talk(curves, has_brows=all(rows.size for rows in face.brows)),
            jitter=jitter(curves),
            jerk_ratio=jerk_ratio(curves),
            calibration=self._calibration.result(),
            shots=_shots(curves),
            worst=worst_frames(curves, _NUM_WORST),
        )


def _shots(curves: Sequence[Curves]) -> tuple[ShotFigures, ...]:
    return tuple(
        ShotFigures(
            name=shot.name,
            rate=float(shot.rate),
            first_frame=shot.first_frame,
            num_frames=len(shot.rmse_mm),
            rmse_mm=float((shot.rmse_mm**2).mean() ** 0.5),
            curve_mm=tuple(float(value) for value in shot.rmse_mm),
        )
        for shot in curves
    )
