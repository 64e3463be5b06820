"""How fast an actor's network runs here: the paper's Table 1, each stage around it, and what arithmetic allows.

Rule: a figure is measured here and now, with everything that took part named beside it.
"""

from engine.bench.report import BenchReport
from engine.bench.run import SWEEP, run_bench
from engine.bench.steps import BenchProgress

__all__ = ["SWEEP", "BenchProgress", "BenchReport", "run_bench"]
