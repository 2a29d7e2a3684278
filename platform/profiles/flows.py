"""Who went from which state of the lifecycle to which between two moments."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from accounts.models import Job
from profiles.models import Study
from profiles.scores.facts import read_past
from profiles.selectors import latest
from recommender.columns import TIME, USER
from recommender.profiling.lifecycle import PROSPECT, flows, states_at

#: How far back a flow begins where nobody asks for another day.
LOOK_BACK = timedelta(days=84)
#: A flow that was counted so long ago is counted anew: past orders may have come since.
KEPT = timedelta(days=1)


def lifecycle_flows(before: datetime, after: datetime) -> dict[str, Any]:
    """Return who went from which state to which between two moments, for a flow chart, as plain JSON.

    `{"before", "after", "nodes": [{"id", "state", "side"}], "links": [{"source", "target", "customers"}]}`.
    Each moment is read by its own facts alone. About 1 s a million orders and moment.
    """
    links = [
        {"source": f"before:{left}", "target": f"after:{right}", "customers": count}
        for left, right, count in flows(_states(before), _states(after))
    ]
    ids = sorted({link[end] for link in links for end in ("source", "target")})
    nodes = [{"id": name, "side": name.partition(":")[0], "state": name.partition(":")[2]} for name in ids]
    return {"before": before.isoformat(), "after": after.isoformat(), "nodes": nodes, "links": links}


def who_went(before: datetime, after: datetime, left: str, right: str) -> list[int]:
    """Return the customers who were in one state and are in another now, ascending.

    Costs what lifecycle_flows does.
    """
    both = _states(before).join(_states(after), on=USER, how="full", suffix="_after", coalesce=True)
    both = both.with_columns(pl.col("state", "state_after").fill_null(PROSPECT))
    found = both.filter((pl.col("state") == left) & (pl.col("state_after") == right))
    return sorted(map(int, found[USER].to_list()))


def _states(moment: datetime) -> pl.DataFrame:
    return states_at(read_past(moment).baskets.select(USER, TIME), moment.timestamp())


def counted(before: datetime, after: datetime, now: datetime) -> dict[str, Any] | None:
    """Return a flow that the nightly study or a job of the last day has counted already. Two queries."""
    study = latest(Study.Kind.LIFECYCLE)
    if study and study.known:
        found: dict[str, Any] = study.content.get("flows") or {}
        if (found.get("before"), found.get("after")) == (before.isoformat(), after.isoformat()):
            return found
    jobs = Job.objects.filter(kind="flows", parameters=parameters(before, after))
    done = jobs.filter(state=Job.State.DONE, created_at__gt=now - KEPT).order_by("-created_at")
    return done.values_list("result", flat=True).first()


def parameters(before: datetime, after: datetime) -> dict[str, str]:
    """Return what a job that counts a flow is given."""
    return {"before": before.isoformat(), "after": after.isoformat()}
