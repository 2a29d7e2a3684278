"""The whole product end to end: real data, real workers, broker, database and mail sink, twice."""

import json
import os
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

from tests.config.conftest import holders

ROOT = Path(__file__).resolve().parents[2]
__all__ = ["holders"]  # a fixture
HOUSEHOLDS = 120
PARTS = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(700)]


def manage(var: Path, *arguments: str) -> str:
    """Run a command in a `var/` of its own and return its last line."""
    names = ("PATH", "HOME", "LANG", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment |= {"RAPPORT_VAR": str(var), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}

    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()[-1] if done.stdout else ""


def demo(var: Path) -> dict:
    """Run the demo on a slice and return what it found."""
    return json.loads(manage(var, "demo", "--no-serve", "--households", str(HOUSEHOLDS)))


def ask(url: str, sql: str) -> int:
    """Return the one number of a query."""
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_the_loop_runs_on_a_slice_of_real_data_and_a_second_time_doubles_nothing(tmp_path, holders):
    # The servers go on between the commands.
    database, _ = holders(tmp_path / "var").urls()
    first = demo(tmp_path / "var")

    assert first["customers"] == HOUSEHOLDS
    assert first["profiles"] == HOUSEHOLDS
    assert 4 <= first["clusters"]["k"] <= 8
    assert sum(first["clusters"]["sizes"]) <= HOUSEHOLDS
    assert {model["name"] for model in first["models"]} == {
        "popularity", "own-frequency", "user-knn", "item-knn", "content", "als", "hybrid",
    }  # fmt: skip
    email, coupon, promotion = first["campaigns"]
    assert [email["kind"], coupon["kind"], promotion["kind"]] == ["email", "coupon", "promotion"]
    for campaign in first["campaigns"]:
        assert campaign["audience"] == sum(campaign[part] for part in PARTS)
        assert campaign["pending"] == campaign["claimed"] == campaign["sending"] == 0
    assert email["audience"] == HOUSEHOLDS
    assert email["sent"] > 0
    assert email["held_out"] > 0
    assert email["failed"] == email["uncertain"] == 0
    assert promotion["audience"] == 0
    assert first["mailbox_messages"] == email["sent"] + coupon["sent"]
    test = first["experiment"]
    assert test["kind"] == "replay"
    assert [arm["n"] for arm in test["variants"]] == [HOUSEHOLDS, HOUSEHOLDS]
    low, high = test["interval"]
    assert low <= test["difference"] <= high
    assert test["verdict"] == ("better" if low > 0 else "worse" if high < 0 else "no difference")
    winner = {"better": "hybrid", "worse": "popularity", "no difference": "popularity"}[test["verdict"]]
    assert first["tuning"]["champion_before"] == "popularity"
    assert first["tuning"]["champion_after"] == winner
    assert first["tuning"]["changed"] == (winner != "popularity")
    access = tmp_path / "var" / "demo.json"
    assert access.stat().st_mode & 0o777 == 0o600
    assert {"url", "username", "password", "api_key", "write_key"} <= json.loads(access.read_text()).keys()

    # The night after the window: demand, what lists did, what was foreseen, and a plan of offers.
    assert first["demand"]["products"] > 0
    shown = {line["strategy"]: line["answers"] for line in first["quality"]}
    assert sum(shown.values()) == email["sent"]
    assert set(shown) == {"popularity", "hybrid"}
    assert 0 <= first["rehearsal"]["held"] <= first["rehearsal"]["ranges"]
    assert first["rehearsal"]["ranges"] >= 1
    assert first["offer_plan"]["offers"] > 0
    assert Decimal(first["offer_plan"]["cost"]) <= Decimal(first["offer_plan"]["budget"])
    stale = "SELECT count(*) FROM profiles_customerprofile WHERE as_of <> '2017-12-04 00:00+00'"
    assert ask(database, stale) == 0

    # The shop stands at its present: its nights find nothing new, and no demo throws it back.
    night = json.loads(manage(tmp_path / "var", "refresh_segments"))
    assert sorted((s["name"], s["size"]) for s in first["segments"]) == sorted(
        (s["name"], s["size"]) for s in night["segments"]
    )
    second = demo(tmp_path / "var")
    assert ask(database, "SELECT count(*) FROM segments_segmentrun WHERE error <> ''") == 0
    told_anew = {"import_seconds", "total_seconds"}
    assert {k: v for k, v in second.items() if k not in told_anew} == {
        k: v for k, v in first.items() if k not in told_anew
    }
