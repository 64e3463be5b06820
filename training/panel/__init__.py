"""The panel: every figure a solved performance is judged by, for any number of contenders side by side.

Rule: the measures are numpy on meshes alone; they know neither networks nor pictures, so all contenders are measured
alike. `docs/evaluation.md` says what each figure means.
"""

from training.panel.panel import Panel, PanelTally
from training.panel.shot import SolvedShot

__all__ = ["Panel", "PanelTally", "SolvedShot"]
