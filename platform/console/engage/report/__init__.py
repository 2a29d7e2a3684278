"""A campaign's report: its verdict first, then what that stands on.

verdict    what the campaign caused, in sentences one can read aloud
results    the tab Results: way from audience to order, money, arms, time, groups
content    the tab Content: where people clicked, over the mail (heat)
people     the tab People; log, the tab Delivery log
"""

from campaigns.reports.figures import added
from console.engage.report.verdict import effect

__all__ = ["added", "effect"]
