"""What the actor does in a shot: expression weights, contacts of the lips and head motion, frame by frame."""

from training.actor.curves import RATE_HZ
from training.actor.performance.perform import Performance, perform

__all__ = ["RATE_HZ", "Performance", "perform"]
