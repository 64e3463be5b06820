"""The tongue: it lies on the jaw, and on its way out climbs over the lower teeth and lip instead of going through them.

Rule: places are where they would be with the jaw at rest; the rig swings them with the jaw afterwards.
"""

from dataclasses import dataclass

import numpy as np

_CLIMB_CM = 2.2  # the stretch before the teeth over which the tongue rises
_FLATTENED = 0.22  # what part of its thickness a tongue all out loses
_OVER_RIM_CM = 0.05
_RISES_AT = 2.5  # weights above 1 / 2.5 climb all the way
_FURTHER = 1.3  # how much further than the package's a tongue comes out
_BEND_FROM_CM, _BEND_RADIUS_CM = 0.35, 2.6  # before the lip it bends down under its own weight
_LEAVES_CM = (0.8, 1.1)  # how long before the teeth and behind the lip the rim counts


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """One actor's tongue.

    Args:
        rest: [n, 3] cm.
        out: [n, 3] cm, what `tongueOut` adds at weight 1.
        teeth_z: Of the lower incisors' edge, cm.
        lip_z: Of the lower lip's front, cm.
        rim_y: The height that it has to climb over, cm.
    """

    rest: np.ndarray
    out: np.ndarray
    teeth_z: float
    lip_z: float
    rim_y: float

    @property
    def half_width_cm(self) -> float:
        """Of the part that comes out."""
        front = self.rest[:, 2] > self.rest[:, 2].max() - 2.0
        return float(np.abs(self.rest[front, 0]).max())

    def at(self, amount: float) -> np.ndarray:
        """[n, 3] cm with `tongueOut` at this weight."""
        places = self._reached(amount)
        z = places[:, 2]
        climbs = _smoothstep(self.teeth_z - _CLIMB_CM, self.teeth_z - 0.1, z)
        # Thinner where it is out, about the middle of its own height there.
        slope, level = np.polyfit(z, places[:, 1], 1)
        flattened = _FLATTENED * amount * climbs
        places[:, 1] -= flattened * (places[:, 1] - (slope * z + level))
        before, behind = _LEAVES_CM
        counts = _smoothstep(self.teeth_z - before, self.teeth_z, z) * (
            1 - _smoothstep(self.lip_z, self.lip_z + behind, z)
        )
        lift = float(np.max(counts * (self.rim_y + _OVER_RIM_CM - places[:, 1]), initial=0.0))
        places[:, 1] += climbs * lift * min(1.0, _RISES_AT * amount)
        beyond = np.maximum(places[:, 2] - self.lip_z - _BEND_FROM_CM, 0)
        angle = beyond / _BEND_RADIUS_CM
        places[:, 1] -= _BEND_RADIUS_CM * (1 - np.cos(angle))
        places[:, 2] += _BEND_RADIUS_CM * np.sin(angle) - beyond
        return places

    def presence(self, amount: float) -> float:
        """0 while the tip is behind the lower lip, 1 when it has passed it."""
        tip = float(self._reached(amount)[:, 2].max())
        return float(_smoothstep(self.teeth_z, self.lip_z, np.array(tip)))

    def _reached(self, amount: float) -> np.ndarray:
        return np.asarray(self.rest + _FURTHER * amount * self.out)


def _smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
