"""Who may be written to, and when: asked for a whole batch, at the moment of sending."""

from .decide import Eligible, Wait, check

__all__ = ["Eligible", "Wait", "check"]
