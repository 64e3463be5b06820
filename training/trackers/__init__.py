"""Face trackers of others behind one protocol: judges of the virtual actor, and later hosts for real faces.

Rule: nothing here is needed to make or run an actor; what a tracker needs is looked for when one is opened.
"""

from training.trackers.landmarker import MediaPipeLandmarker
from training.trackers.points68 import DlibPoints
from training.trackers.tracker import Reading, Tracker, TrackerError

__all__ = ["DlibPoints", "MediaPipeLandmarker", "Reading", "Tracker", "TrackerError"]
