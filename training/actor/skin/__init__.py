"""The painter: skin, lips, brows, lashes, hair, eyes, teeth and tongue, all procedural."""

from training.actor.skin.paint import paint_skin

__all__ = ["paint_skin"]
