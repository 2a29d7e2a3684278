"""What a plan refuses, in sentences."""


class PlanNotReady(Exception):
    """The plan cannot do that now; the message says what has to be done first."""
