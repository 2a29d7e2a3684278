"""The rules that turn a customer's figures into words: RFM group and lifecycle.

They are stated once, here, as SQL over the columns of the profile being built.
"""

#: The half-life of affinities: what was spent this many days ago counts half.
HALF_LIFE_DAYS = 90
#: RFM scores run from 1 to this.
SCORES = 5
#: A first order within so many days makes a customer new.
NEW_DAYS = 30
#: Who came back from a long silence counts as won back for so many days.
WON_BACK_DAYS = 60
#: A silence of so many of the customer's own rhythms is lapsing, then lapsed.
LAPSING_AFTER = 2
LAPSED_AFTER = 4
#: The customer's own mean gap is trusted from so many orders on; below it the shop's median stands in.
RHYTHM_ORDERS = 3
#: Nobody is called lapsing for missing a week.
SHORTEST_RHYTHM_DAYS = 7
#: From such a share of discount on an order is a sale, whatever the calendar says.
SALE = 0.4
#: Who spends this share in sales is not called loyal for it.
MOSTLY_SALES = 0.5
#: How many search terms and brands a profile keeps.
TOP_TERMS = 10
TOP_BRANDS = 20
#: The rhythm of a shop that has no customer with enough orders yet.
DEFAULT_RHYTHM_DAYS = 30

PARAMETERS = {
    "half_life": HALF_LIFE_DAYS,
    "scores": SCORES,
    "new_days": NEW_DAYS,
    "won_back_days": WON_BACK_DAYS,
    "lapsing_after": LAPSING_AFTER,
    "lapsed_after": LAPSED_AFTER,
    "rhythm_orders": RHYTHM_ORDERS,
    "shortest_rhythm": SHORTEST_RHYTHM_DAYS,
    "default_rhythm": DEFAULT_RHYTHM_DAYS,
}


def quantile_score(value: str) -> str:
    """Return SQL for a score from 1 to 5 by rank, worst first; equal values score equally.

    The score is 1 + ⌊5 (m − ½) ÷ n⌋ with m the middle rank of those who share the value (Hollander
    and Wolfe's midrank), so a shop in which all are alike scores everybody 3. Both windows are the same,
    so they share one sort: the count runs to the last of those who share the value.
    """
    middle = f"((rank() OVER (ORDER BY {value}) + count(*) OVER (ORDER BY {value})) / 2.0)"
    return f"least(%(scores)s, 1 + floor(%(scores)s * ({middle} - 0.5) / count(*) OVER ()))::smallint"


#: The first row that fits gives the group. Needs r, f, m (scores), orders and sale_share. Who came for the
#: sales is promising at best: a big sale is no loyalty.
RFM_CLASS = f"""CASE
    WHEN r IS NULL THEN ''
    WHEN r >= 3 AND f >= 4 AND sale_share >= {MOSTLY_SALES} THEN 'promising'
    WHEN r >= 4 AND f >= 4 AND m >= 4 THEN 'champions'
    WHEN r <= 2 AND m >= 4 THEN 'big_spenders_quiet'
    WHEN r <= 2 AND f >= 3 THEN 'at_risk'
    WHEN f >= 4 THEN 'loyal'
    WHEN r >= 4 AND orders = 1 THEN 'new'
    WHEN r >= 3 THEN 'promising'
    ELSE 'hibernating'
END"""

#: Needs as_of, orders, first_order_at, recency_days, rhythm (days) and back (came back after a long silence).
LIFECYCLE = """CASE
    WHEN orders = 0 THEN 'prospect'
    WHEN first_order_at >= as_of - make_interval(days => %(new_days)s) THEN 'new'
    WHEN recency_days > %(lapsed_after)s * rhythm THEN 'lapsed'
    WHEN recency_days > %(lapsing_after)s * rhythm THEN 'lapsing'
    WHEN back THEN 'won_back'
    ELSE 'active'
END"""
