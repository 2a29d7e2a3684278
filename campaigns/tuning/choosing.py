"""Which strategy each person's products come from, if a campaign does not say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from campaigns.experiments.services.assigning import BUCKET_SQL
from campaigns.experiments.statistics.assignment import BUCKETS, Arm, edges
from campaigns.models import Campaign
from campaigns.tuning.holdback import join
from recommendations.models import Champion, Posterior

Query = tuple[str, Sequence[Any]]

#: The posterior that holds the shares in force for a use, and its key.
SHARES = "shares"
#: The persona of those who have none, or one that was not learned of.
ANYBODY = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Shares by persona and strategy, and the name under which they are logged."""

    policy: str
    shares: Mapping[str, Mapping[str, float]]


def subject_of(use: str) -> str:
    """Return under which subject a use's posteriors are kept."""
    return f"strategy:{use}"


def choice_for(campaign: Campaign, *, now: datetime) -> Choice | None:
    """Return how the strategy is chosen for a campaign's people; None: the champion serves all. Four queries.

    The same for every campaign, whether it goes at once or by a trigger. A test of strategies decides
    itself. After a promotion the strategy before keeps a share for two campaigns; else the shares that were
    learned hold, as long as the champion is the one they were learned with: whoever puts another champion in
    its place means it.
    """
    if campaign.experiment is not None and any(
        "strategy" in levers for levers in campaign.experiment.variants.values_list("levers", flat=True)
    ):
        return None
    use = f"{campaign.channel}:{campaign.objective}"
    champion = Champion.objects.select_related("strategy", "decision").filter(use=use).first()
    if champion is None:
        return None
    if (kept := join(campaign, champion, now=now)) is not None:
        new, old = 1 - kept.share, kept.share
        shares = {champion.strategy.key: new, kept.old: old}
        return Choice(f"holdback:{kept.pk}", {ANYBODY: shares})
    stored = Posterior.objects.filter(subject=subject_of(use), key=SHARES).first()
    if stored is None or not stored.parameters["shares"]:
        return None
    if stored.parameters["in_use"] != champion.strategy.key:
        return None
    return Choice(f"learned:{stored.parameters['reference']}"[:64], stored.parameters["shares"])


_DRAWN = """
SELECT message.customer_id, message.held_out,
       CASE WHEN arm.strategy IS NULL THEN message.context
            ELSE message.context || jsonb_build_object('strategy', arm.strategy, 'choice',
                 jsonb_build_object('policy', %s, 'p', arm.p, 'among', arm.among)) END AS context,
       message.due_at{more}
  FROM ({messages}) AS message
  JOIN customers_customer AS customer ON customer.id = message.customer_id
  LEFT JOIN profiles_customerprofile AS profile ON profile.customer_id = customer.id
  LEFT JOIN profiles_persona AS persona ON persona.id = profile.persona_id
  LEFT JOIN (VALUES {rows}) AS arm (persona, strategy, low, top, p, among)
    ON NOT customer.no_profiling
   AND arm.persona = CASE WHEN persona.number::text = ANY(%s) THEN persona.number::text ELSE '' END
   AND {bucket} >= arm.low AND {bucket} < arm.top
"""


def drawn(query: Query, choice: Choice, *, salt: str, more: Sequence[str] = ()) -> Query:
    """Return the rows of a launch with each person's strategy, its exact chance and the other ones.

    `more` names further columns of the rows, which are handed on. A hash of salt and person decides. Who
    refuses to be profiled gets the champion, and is not logged. About 10 ms per 1,000 people beside the
    launch itself.
    """
    sql, params = query
    rows: list[Any] = []
    for persona, shares in choice.shares.items():
        arms = [Arm(key, share) for key, share in shares.items()]
        tops = edges(arms)
        chances = {
            arm.key: (top - low) / BUCKETS for arm, low, top in zip(arms, [0, *tops[:-1]], tops, strict=True)
        }
        among = orjson.dumps(chances).decode()
        for arm, low, top in zip(arms, [0, *tops[:-1]], tops, strict=True):
            rows += [persona, arm.key, low, top, chances[arm.key], among]
    text = _DRAWN.format(
        messages=sql,
        more="".join(f", message.{column}" for column in more),
        rows=", ".join(["(%s, %s, %s::int, %s::int, %s::float8, %s::jsonb)"] * (len(rows) // 6)),
        bucket=BUCKET_SQL,
    )
    return text, [choice.policy, *params, *rows, known(choice.shares), salt, salt]


def known(shares: Mapping[str, Any]) -> Sequence[str]:
    """Return the personas that have shares of their own."""
    return [persona for persona in shares if persona]
