"""Rules in words."""

import pytest

from segments.explain import explain

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"all": []}, "Everyone."),
        (
            {"field": "profile.recency_days", "op": "gte", "value": 30},
            "Days since last order is at least 30.",
        ),
        (
            {"event": "purchase", "category": "grocery", "count": {"gte": 3}, "within_days": 14},
            "Bought (grocery) at least 3 times in the last 14 days.",
        ),
        ({"event": "purchase", "never": True}, "Never bought."),
        (
            {
                "all": [
                    {"field": "profile.rfm_class", "op": "in", "value": ["champions", "loyal"]},
                    {"any": [{"event": "view"}, {"not": {"segment": "at-risk"}}]},
                ]
            },
            "RFM group is one of champions, loyal and (viewed or not: is in “At risk”).",
        ),
        ({"field": "consent.email", "op": "eq", "value": True}, "Agreed to marketing by “e-mail”: yes."),
        (
            {"event": "purchase", "amount": {"between": [10, 20]}},
            "Bought: for between 10 and 20 in all.",
        ),
        (
            {"field": "customer.birthday", "op": "in_next_days", "value": 7},
            "Birthday is within 7 days, today included.",
        ),
        (
            {"field": "customer.created_at", "op": "in_next_days", "value": 7},
            "Known since is within the next 7 days.",
        ),
    ],
)
def test_sentences(as_migrated, rule, words):
    assert explain(rule) == words
