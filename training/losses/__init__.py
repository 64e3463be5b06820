"""What a training minimises.

Rule: every term is square centimetres, so weights are plain numbers; `terms` says how large the terms are.
"""

from training.losses.objective import Objective
from training.losses.terms import Terms

__all__ = ["Objective", "Terms"]
