"""What is looked at before a message is sent."""

from .finding import Finding, Level
from .look_over import blocking, look_over
from .stored import obstacles

__all__ = ["Finding", "Level", "blocking", "look_over", "obstacles"]
