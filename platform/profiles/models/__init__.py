"""What is known about each customer, derived from the facts as of a moment."""

from profiles.models.calendar import CalendarDay, SalePeriod
from profiles.models.personas import Clustering, Persona
from profiles.models.profile import CustomerProfile, Lifecycle, RfmClass
from profiles.models.scores import CustomerScore, ScoreVersion
from profiles.models.studies import CustomerTexts, Study
from profiles.models.work import ProfileBuild, Round

__all__ = [
    "CalendarDay",
    "Clustering",
    "CustomerProfile",
    "CustomerScore",
    "CustomerTexts",
    "Lifecycle",
    "Persona",
    "ProfileBuild",
    "RfmClass",
    "Round",
    "SalePeriod",
    "ScoreVersion",
    "Study",
]
