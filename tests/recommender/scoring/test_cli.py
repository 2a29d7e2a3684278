"""`python -m recommender score` on files."""

import json

import polars as pl
import pytest

from recommender.cli import main
from tests.recommender.scoring.conftest import make_past


@pytest.fixture
def files(tmp_path):
    """A shop too small for probabilities, large enough for lifetime value."""
    past = make_past(220, responses=False)
    early = past.baskets.filter(pl.col("timestamp") > 240 * 86_400)
    # Ten-digit seconds: eight digits read as a date (20240105).
    stamps = pl.col("timestamp").round() + 1_400_000_000
    early.with_columns(stamps, item_id=pl.lit("x")).drop("items").write_csv(tmp_path / "shop.csv")
    return tmp_path


def score(files, *options):
    return main(
        ["score", "--interactions", str(files / "shop.csv"), "--out", str(files / "out.csv"), *options]
    )


def test_scores_are_written_and_what_is_unknown_is_said(files, capsys):
    assert score(files, "--days", "28", "--report", str(files / "report.json")) == 0
    out = pl.read_csv(files / "out.csv")
    assert out.columns == ["user_id", "kind", "score", "low", "high", "reasons"]
    assert out["kind"].unique().to_list() == ["lifetime_value"]
    assert (out["low"] <= out["high"]).all()
    report = json.loads((files / "report.json").read_text())
    assert report["churn"]["what"] == "days of history"
    assert report["lifetime_value"]["check"]["customers"] > 50
    said = capsys.readouterr().err
    assert "churn is unknown" in said and "mean absolute error" in said


def test_no_rows_before_the_moment_is_one_clear_line(files, capsys):
    assert score(files, "--as-of", "1960-01-01") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: no interactions before 1960-01-01"


def test_responses_with_an_unknown_event_are_refused(files, capsys):
    (files / "sent.csv").write_text("user_id,timestamp,event\nc0001,2017-01-01,sneeze\n")
    assert score(files, "--responses", str(files / "sent.csv")) == 2
    assert "sneeze is unknown" in capsys.readouterr().err
