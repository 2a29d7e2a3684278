"""What offers cost: `python -m benchmarks.offers [--quick]`. Its last line is JSON.

cart_p99_ms          the slowest hundredth of judging a cart of 20 lines against 200 running promotions of
                     every kind for a known customer, with all queries and the answer's JSON, on one core,
                     against 20
cart_growth          the median with 400 promotions against that with 200: at most proportional, 2.2
hard_cart_p99_ms     the same where the promotions overlap at random, so that the search for the best
                     combination comes to its bound, against 60
redeem_per_second    uses of one hot code over REST from 4 client processes through the web server as
                     `manage.py up` runs it, all of one code and one budget, against 200
generate_1m_seconds  a million unique codes with check characters into a pool, against 60
allocate_200k_seconds  a budget spread over 200,000 people x 4 values, hulls and curve and all, against 30
allocate_gap         how much less that way gains on 10,000 x 4 than the best that HiGHS finds, against .01;
                     and allocate_bound_gap: than the bound that nothing can exceed, on the 200,000

Everything shares the machine; --quick takes a tenth.
"""

import argparse
import json
import os
import random
import statistics
import time
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
from django.db import connection

from benchmarks.ingest.server import Cpu, web_server  # isort: skip – sets Django up
from accounts.keys import create_key
from accounts.models import Scope
from benchmarks.ingest.storage import DATABASE, execute, say
from benchmarks.ingest.turns import CLIENTS, run_clients
from benchmarks.measuring import peak_mb, result, seconds
from campaigns.coupons import pools
from campaigns.coupons.models import Coupon
from campaigns.promotions import services
from campaigns.promotions.carts import Order
from campaigns.promotions.models import Promotion
from campaigns.targeting.expectations import expect
from catalog.models import Category, Product
from core import clock
from core.partitions import ensure_partitions, months_between
from core.renderers import JSONRenderer
from customers.models import Customer
from events.store import TABLE
from recommender.allocation import Choices, allocate, optimum

LINES = 20
PRODUCTS = 500
CUSTOMERS = 200


def make_shop(now: Any) -> list[Customer]:
    """Store products in 20 categories and of 25 brands, and customers."""
    shelves = [Category.objects.create(name=f"C{n}", path=f"c{n}") for n in range(20)]
    Product.objects.bulk_create(
        Product(
            sku=f"p{n}",
            name=f"P{n}",
            category=shelves[n % 20],
            brand=f"b{n % 25}",
            price=Decimal(n % 90 + 1),
            currency="USD",
            created_at=now,
            updated_at=now,
        )
        for n in range(PRODUCTS)
    )
    Customer.objects.bulk_create(
        Customer(external_id=f"c{n}", created_at=now, updated_at=now) for n in range(CUSTOMERS)
    )
    ensure_partitions(TABLE, months_between(now, now))
    return list(Customer.objects.all())


def rules(n: int, dice: random.Random) -> dict[str, Any]:
    """Return a promotion's rules: what a large shop runs at the same time, on products and at large."""
    on = {"categories": [f"c{dice.randrange(20)}"]} if n % 3 else {"brands": [f"b{dice.randrange(25)}"]}
    benefit: dict[str, Any] = [
        {"kind": "percent", "percent": str(dice.randint(5, 40)), "on": on},
        {"kind": "amount", "amount": str(dice.randint(1, 9)), "on": on},
        {"kind": "cheapest_free", "every": 3, "on": on},
        {"kind": "buy_get", "buy": 2, "get": 1, "percent": "50", "on": on},
        {"kind": "spend_save", "tiers": [{"spend": "50", "save": "5"}, {"spend": "150", "save": "25"}]},
        {"kind": "free_shipping"},
        {"kind": "points", "multiply": "2"},
    ][n % 7]
    conditions: list[dict[str, Any]] = [
        [{"kind": "basket_amount", "min": str(dice.randint(10, 400))}],
        [{"kind": "orders", "min": 0, "max": 9}, {"kind": "basket_quantity", "min": 3}],
        [{"kind": "segment", "any": ["loyal"]}],
        [],
    ][n % 4]
    return {"benefit": benefit, "conditions": conditions}


def overlapping(n: int, dice: random.Random) -> dict[str, Any]:
    """Return a promotion on ten random products: no two sets alike, nearly all of them overlap."""
    on = {"products": [f"p{p}" for p in dice.sample(range(LINES), 10)]}
    return {"benefit": {"kind": "percent", "percent": str(dice.randint(5, 15)), "on": on}, "conditions": []}


def run_promotions(count: int, make: Any, now: Any) -> None:
    """Let exactly so many promotions run."""
    Promotion.objects.all().delete()
    dice = random.Random(count)
    Promotion.objects.bulk_create(
        Promotion(
            slug=f"r{n}",
            name=f"R{n}",
            currency="USD",
            created_at=now,
            stacking=dice.choice(["common", "common", "common", "always"]) if make is rules else "common",
            priority=dice.randint(0, 3),
            limit=1_000_000,
            **make(n, dice),
        )
        for n in range(count)
    )


def judged(count: int, make: Any, rounds: int, people: list[Customer], now: Any) -> list[float]:
    """Return the milliseconds of judging carts, and tell of the search."""
    run_promotions(count, make, now)
    dice = random.Random(7)
    taken, complete, write = [], 0, JSONRenderer().render
    for n in range(rounds + 5):
        chosen = range(LINES) if make is overlapping else dice.sample(range(PRODUCTS), LINES)
        order = Order("", [
            {"sku": f"p{p}", "quantity": Decimal(dice.randint(1, 4)), "price": Decimal(p % 90 + 1)}
            for p in chosen
        ], "USD")  # fmt: skip
        start = time.perf_counter()
        found = services.evaluate(order, customer=people[n % len(people)], now=now)
        write(found.as_json())
        taken.append(1000 * (time.perf_counter() - start))
        complete += found.search.complete
    say(
        f"{count} promotions ({make.__name__}): median {statistics.median(taken):.1f} ms, "
        f"{len(found.applied)} applied, {complete} of {len(taken)} searched to the end"
    )
    return taken[5:]


def redeemed(count: int, people: list[Customer], now: Any) -> float:
    """Return how many uses of one code a second the web server counts."""
    promotion = Promotion.objects.create(
        slug="hot", name="Hot", benefit={"kind": "amount", "amount": "1.00"}, needs_code=True,
        currency="USD", limit=10_000_000, budget=10_000_000, created_at=now,
    )  # fmt: skip
    pool = pools.create_pool(name="Hot", promotion=promotion, now=now)
    pools.import_codes(pool, ["HOT"], now=now, limit=10_000_000)
    key = create_key(name="benchmark", scopes=[Scope.COUPONS_WRITE], now=now)[1]
    work = [
        [
            orjson.dumps(
                {
                    "code": "hot",
                    "customer": people[n % len(people)].external_id,
                    "order": {
                        "id": f"{client}-{n}",
                        "lines": [{"sku": f"p{n % PRODUCTS}", "quantity": 1, "price": "25.00"}],
                    },
                }
            )
            for n in range(count)
        ]
        for client in range(CLIENTS)
    ]
    with web_server() as (address, pid):
        call = ("call", address, key, "/api/v1/coupons/redeem")
        run_clients([[body.replace(b'"id":"', b'"id":"w') for body in blocks[:25]] for blocks in work], *call)
        cpu = Cpu(pid)
        before = cpu.read()
        elapsed, calls = run_clients(work, *call)
        spent = {name: after - before[name] for name, after in cpu.read().items()}
    used = Coupon.objects.get(code="HOT").used
    if used != CLIENTS * (count + 25):
        raise SystemExit(f"{used} uses were counted.")
    slowest = 1000 * statistics.quantiles(calls, n=100)[98]
    say(
        f"{CLIENTS * count / elapsed:.0f} redemptions/s, p99 {slowest:.0f} ms;"
        f" processor ms each: { ({k: round(1000 * v / (CLIENTS * count), 2) for k, v in spent.items()}) }"
    )
    return CLIENTS * count / elapsed


def generated(count: int, now: Any) -> float:
    """Return the seconds that a million codes take."""
    promotion = Promotion.objects.create(
        slug="mass", name="Mass", benefit={"kind": "percent", "percent": "10"}, needs_code=True,
        currency="USD", created_at=now,
    )  # fmt: skip
    pool = pools.create_pool(name="Mass", promotion=promotion, now=now, prefix="X")
    taken = seconds(lambda: pools.generate_codes(pool, count, now=now))
    [(stored,)] = execute("SELECT count(*) FROM coupons_coupon WHERE pool_id = %s", pool.pk)
    if stored != count:
        raise SystemExit(f"{stored} codes are there.")
    return taken * 1_000_000 / count


def people_and_values(people: int, seed: int = 0) -> Choices:
    """Return what four values are expected to bring and cost, for people as different as a shop's."""
    dice = np.random.default_rng(seed)
    buys, redeems = dice.beta(2, 3, people), dice.beta(1, 8, people)
    baskets = dice.lognormal(3.4, 0.6, people)
    discount = np.minimum(np.array([2.0, 5.0, 10.0, 15.0]), baskets[:, None])
    said = expect(
        redeems=redeems, buys=buys, baskets=baskets, discount=discount, margin_share=0.3, response=0.8
    )
    return said.choices(np.ones_like(discount, dtype=bool), certain=False)


def allocated(people: int) -> tuple[float, float]:
    """Return the seconds for 200,000 people, and the share of the bound that is missing."""
    choices = people_and_values(people)
    budget = 0.3 * allocate(choices, 1e12, exact=False).cost
    start = time.perf_counter()
    found = allocate(choices, budget, exact=False)
    taken = time.perf_counter() - start
    if choices.total(found.choice)[1] > budget:
        raise SystemExit("The budget was exceeded.")
    say(
        f"{people} people: {taken:.2f} s, gains {found.gain:.0f} of at most {found.bound:.0f}"
        f" for {found.cost:.2f} of {budget:.2f}"
    )
    return taken * 200_000 / people, found.gap


def against_solver(people: int) -> float:
    """Return the share of HiGHS's optimum that going along the hulls misses; below 0 it found more."""
    choices = people_and_values(people, seed=1)
    budget = 0.3 * allocate(choices, 1e12, exact=False).cost
    start = time.perf_counter()
    solved = optimum(choices, budget, gap=1e-3, seconds=170)
    if solved is None:
        raise SystemExit("HiGHS did not finish.")
    best, found = choices.total(solved)[0], allocate(choices, budget, exact=False)
    say(
        f"{people} people: HiGHS {best:.2f} in {time.perf_counter() - start:.1f} s (to a gap of .001),"
        f" hulls {found.gain:.2f}, bound {found.bound:.2f}"
    )
    return 1 - found.gain / best


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return all results."""
    now = clock.now()
    people = make_shop(now)
    rounds = 100 if quick else 500
    carts = judged(200, rules, rounds, people, now)
    more = judged(400, rules, rounds // 2, people, now)
    hard = judged(200, overlapping, rounds // 5, people, now)
    rate = redeemed(100 if quick else 1000, people, now)
    making = generated(100_000 if quick else 1_000_000, now)
    spreading, missing = allocated(20_000 if quick else 200_000)
    behind = against_solver(1_000 if quick else 10_000)
    return [
        result("cart_p99_ms", statistics.quantiles(carts, n=100)[98], "ms", 20),
        result("cart_growth", statistics.median(more) / statistics.median(carts), "", 2.2),
        result("hard_cart_p99_ms", statistics.quantiles(hard, n=100)[98], "ms", 60),
        result("redeem_per_second", rate, "redemptions/s", 200),
        result("generate_1m_seconds", making, "s", 60),
        result("allocate_200k_seconds", spreading, "s", 30),
        result("allocate_gap", behind, "", 0.01),
        result("allocate_bound_gap", missing, "", 0.01),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    quick = parser.parse_args().quick
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = DATABASE
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(quick)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "offers", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
