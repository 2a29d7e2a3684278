"""The best combination, against trying all of them."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.promotions.combination import best
from tests.campaigns.promotions.shop import D, cart, evaluate, offer

rows = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 3, 7, 20]), min_size=width, max_size=width), max_size=7
    )
)


def sparse(gains):
    return [{line: gain for line, gain in enumerate(row) if gain} for row in gains]


def total(gains, chosen):
    return sum(sum(gains[k]) for k in chosen)


def fits(gains, chosen):
    return all(
        sum(bool(gains[k][line]) for k in chosen) <= 1 for line in range(len(gains[0]) if gains else 0)
    )


@settings(max_examples=300, deadline=None)
@given(rows)
def test_no_combination_is_better(gains):
    found = best(sparse(gains))
    every = (c for size in range(len(gains) + 1) for c in combinations(range(len(gains)), size))
    assert found.complete
    assert fits(gains, found.chosen)
    assert total(gains, found.chosen) == max(total(gains, c) for c in every if fits(gains, c))


@settings(max_examples=100, deadline=None)
@given(rows, st.integers(0, 5))
def test_at_the_bound_the_choice_is_still_allowed_and_no_worse_than_the_largest_first(gains, bound):
    found = best(sparse(gains), bound)
    assert fits(gains, found.chosen)
    assert found.branches <= bound
    greedy: set[int] = set()
    for k in sorted(range(len(gains)), key=lambda k: (-sum(gains[k]), k)):
        if fits(gains, greedy | {k}):
            greedy.add(k)
    assert total(gains, found.chosen) >= total(gains, greedy)


def test_two_narrow_offers_beat_a_wide_one_and_both_are_explained():
    percent = {"kind": "percent", "percent": "20"}
    result = evaluate(
        cart(("a", "1", "10.00"), ("b", "1", "10.00"), ("c", "1", "10.00")),
        offer("a", percent | {"on": {"products": ["a"]}}),
        offer("b", percent | {"on": {"products": ["b"]}}),
        offer("wide", {"kind": "amount", "amount": "3.50"}),
    )
    assert result.applied == ("a", "b")
    assert result.discount == D("4.00")
    assert [(n.promotion, n.code, n.reason) for n in result.not_applied] == [
        ("wide", "better_offer", "“a” is the better one.")
    ]


def test_a_search_that_came_to_its_bound_says_so(monkeypatch):
    monkeypatch.setattr("campaigns.promotions.combination.best.__defaults__", (1,))
    pairs = [offer(f"p{i}{j}", {"kind": "amount", "amount": str(1 + i + j / 10),
                                "on": {"products": [f"s{i}", f"s{j}"]}})
             for i in range(6) for j in range(6) if i < j]  # fmt: skip
    result = evaluate(cart(*((f"s{i}", "1", "9.00") for i in range(6))), *pairs)
    assert result.as_json()["search"] == {"complete": False, "branches": 1}
    assert result.discount > 0
