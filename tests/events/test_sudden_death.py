"""Web processes killed under load: what was answered for is stored, and everything is stored once."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal
from threading import Thread

import pytest

from events.models import Event, EventKey
from tests.events.web import Client, overlap, web_server
from tests.factories.accounts import make_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DISTINCT, SENT, CLIENTS, BATCH = 14_000, 20_000, 16, 125
#: A process dies whenever so large a share of the batches has been answered, however fast that is.
DEATHS = (0.1, 0.25, 0.4, 0.55, 0.7)


@pytest.fixture
def secret():
    return make_key()


def event(number, day):
    return {
        "message_id": f"m{number}", "type": "purchase", "source": "till", "customer": f"c{number % 500}",
        "sku": f"s{number % 300}", "order_id": f"o{number // 3}", "quantity": 1,
        "amount": {"amount": "2.50", "currency": "USD"}, "occurred_at": f"2026-02-{day:02}T10:00:00Z",
    }  # fmt: skip


def test_repeats_and_a_killed_web_process_leave_each_event_once(secret, tmp_path):
    pick = random.Random(5)
    events = [event(n, 1) for n in range(DISTINCT)]
    # Every other repeat names another day, and so another time.
    events += [event(pick.randrange(DISTINCT), 1 + n % 2 * 20) for n in range(SENT - DISTINCT)]
    pick.shuffle(events)
    batches = [events[i : i + BATCH] for i in range(0, SENT, BATCH)]
    over = Signal()
    answers = []

    with web_server(tmp_path / "web.log") as web:

        def kill():
            for share in DEATHS:
                while len(answers) < share * len(batches) and not over.is_set():
                    over.wait(0.005)
                if not over.is_set():
                    web.kill_one()

        def run(number):
            client = Client(web.port, secret)
            for batch in batches[number::CLIENTS]:
                answers.append(client.send(batch))
            client.close()
            return client

        killer = Thread(target=kill)
        killer.start()
        try:
            with ThreadPoolExecutor(CLIENTS) as pool:
                done = list(pool.map(run, range(CLIENTS)))
        finally:
            over.set()
            killer.join()
    assert sum(client.broken for client in done) > 0, "No call was cut off: nothing was proved."
    assert len(answers) == len(batches)
    assert all(a["accepted"] + a["duplicates"] == BATCH for a in answers)
    # A batch that was stored and got no answer was sent again as repeats.
    assert sum(a["accepted"] for a in answers) <= DISTINCT
    assert Event.objects.count() == EventKey.objects.count() == DISTINCT
    assert Event.objects.values("message_id").distinct().count() == DISTINCT


def test_overlapping_unsorted_batches_never_show_a_deadlock(secret, tmp_path):
    with web_server(tmp_path / "web.log") as web:
        assert overlap(web, secret, clients=8, seconds=8) == {202}
    assert "Traceback" not in (tmp_path / "web.log").read_text()
