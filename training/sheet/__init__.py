"""The contact sheet's facts: a data set looked through, what its shots show and do, and what looks wrong.

Rule: figures and small pictures only; the page is drawn by the application.
"""

from training.sheet.findings import BadFrames, Finding, Weight, findings_of
from training.sheet.survey import ShotSurvey, Survey, look_through

__all__ = ["BadFrames", "Finding", "ShotSurvey", "Survey", "Weight", "findings_of", "look_through"]
