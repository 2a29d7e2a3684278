import json
import subprocess
import sys

import polars as pl
import pytest

from recommender.cli import main
from recommender.cli.console import Steps
from tests.recommender.shops import two_tastes


@pytest.fixture
def shop(tmp_path):
    interactions, items = two_tastes()
    stamped = interactions.with_columns(pl.col("timestamp").dt.to_string("iso"), amount=pl.lit(2.5))
    stamped.write_csv(tmp_path / "shop.csv")
    items.write_csv(tmp_path / "items.csv")
    return tmp_path


def run(shop, command, *options):
    return main([command, "--interactions", str(shop / "shop.csv"), "--out", str(shop / "out.csv"), *options])


def test_recommend_writes_the_agreed_columns(shop, capsys):
    (shop / "users.txt").write_text("bob\nnobody\n\nbob\n")
    code = run(
        shop, "recommend", "--items", str(shop / "items.csv"), "--users", str(shop / "users.txt"),
        "--objective", "discover", "--model", "user-knn", "-k", "2",
    )  # fmt: skip
    assert code == 0
    written = pl.read_csv(shop / "out.csv")
    assert written.columns == ["user_id", "rank", "item_id", "score", "reason"]
    assert written["user_id"].to_list() == ["bob", "bob", "nobody", "nobody"]
    assert written["item_id"].to_list()[0] == "c5"
    assert written["reason"].to_list()[2:] == ["fallback", "fallback"]
    said = capsys.readouterr()
    assert said.out == ""
    assert "fallback share" in said.err


def test_auto_says_what_it_chose(shop, capsys):
    assert run(shop, "recommend", "--objective", "replenish") == 0
    assert "auto chose" in capsys.readouterr().err
    assert pl.read_csv(shop / "out.csv").height == 10 * 27


def test_progress_is_told_in_twentieths_however_many_blocks_there_are(capsys):
    tell = Steps("recommended for")
    for done in range(10, 5001, 10):
        tell(done, 5000)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 20
    assert said[-1] == "recommended for 5,000 of 5,000 users"


def test_rows_without_an_id_are_counted_and_not_fatal(shop, capsys):
    with (shop / "shop.csv").open("a") as file:
        file.write(",t1,2024-01-01T00:00:00,1\nalice,,2024-01-01T00:00:00,1\n")
    assert run(shop, "recommend", "--model", "popularity") == 0
    assert "left out 2 rows: missing id" in capsys.readouterr().err


def test_evaluate_writes_a_report(shop):
    assert (
        run(shop, "evaluate", "--cut", "2024-03-21", "--days", "20", "--models", "popularity,item-knn") == 0
    )
    report = json.loads((shop / "out.csv").read_text())
    assert [line["name"] for line in report["models"]] == ["popularity", "item-knn"]
    assert (report["cut"], report["days"]) == ("2024-03-21", 20)


def test_evaluate_takes_several_cuts_and_writes_a_page(shop, capsys):
    code = run(
        shop, "evaluate", "--cut", "2024-03-01", "--cut", "2024-03-21", "--days", "14",
        "--models", "popularity,own-frequency", "--html", str(shop / "report.html"),
    )  # fmt: skip
    assert code == 0
    report = json.loads((shop / "out.csv").read_text())
    assert [part["cut"] for part in report["cuts"]] == ["2024-03-01", "2024-03-21"]
    assert (shop / "report.html").read_text().startswith("<!doctype html>")
    assert "cut 2024-03-21" in capsys.readouterr().err


def test_search_writes_parameters_that_evaluate_and_recommend_take(shop, capsys):
    code = run(
        shop, "search", "--model", "own-frequency", "--before", "2024-03-21", "--days", "10",
        "--windows", "2", "--trials", "3", "--storage", str(shop / "journal"),
    )  # fmt: skip
    assert code == 0
    assert "3 trials on 2 windows" in capsys.readouterr().err
    (shop / "out.csv").rename(shop / "found.json")
    params = json.loads((shop / "found.json").read_text())["params"]
    given = ("--params", str(shop / "found.json"))
    assert run(shop, "evaluate", "--cut", "2024-03-21", "--models", "own-frequency", *given) == 0
    assert run(shop, "recommend", "--model", "own-frequency", *given) == 0
    assert set(params) == {"time_constant"}
    capsys.readouterr()
    (shop / "found.json").write_text('{"model": "own-frequency", "params": {"depth": 3}}')
    assert run(shop, "recommend", "--model", "own-frequency", *given) == 2
    assert "unknown parameter depth" in capsys.readouterr().err


def test_without_timestamps_a_holdout_is_evaluated(shop):
    (shop / "shop.csv").write_text(
        "user_id,item_id\n" + "".join(f"u{user},i{item}\n" for user in range(6) for item in range(5))
    )
    assert run(shop, "evaluate", "--models", "popularity") == 0
    report = json.loads((shop / "out.csv").read_text())
    assert (report["cut"], report["days"]) == (None, None)
    assert report["models"][0]["calibration10"] is None


def test_profile_has_rfm(shop):
    assert run(shop, "profile", "--as-of", "2024-03-01") == 0
    assert {"user_id", "recency_days", "rfm", "rfm_class"} <= set(pl.read_csv(shop / "out.csv").columns)


def test_cluster_writes_personas(shop):
    people = pl.DataFrame(
        {
            "user_id": [f"u{n:03d}" for n in range(80) for _ in range(1 + 9 * (n % 2))],
            "item_id": ["x"] * sum(1 + 9 * (n % 2) for n in range(80)),
            "timestamp": [day for n in range(80) for day in range(1 + 9 * (n % 2))],
        }
    ).with_columns(pl.col("timestamp") * 86_400 + 1704067200)
    people.write_csv(shop / "shop.csv")
    assert run(shop, "cluster", "--k", "2", "--features", "baskets") == 0
    written = pl.read_csv(shop / "out.csv")
    assert written["persona"].value_counts()["count"].to_list() == [40, 40]
    assert set(written["name"]) == {"Few baskets", "Many baskets"}


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("recommend", ["--model", "magic"], "unknown model 'magic'; choose one of: auto, popularity"),
        ("recommend", ["-k", "0"], "-k must be at least 1"),
        ("recommend", ["--users", "/nowhere.txt"], "/nowhere.txt: no such file"),
        ("recommend", ["--items", "/nowhere.csv"], "/nowhere.csv: no such file"),
        ("evaluate", [], "say where to cut"),
        ("evaluate", ["--days", "3"], "--days needs --cut"),
        ("evaluate", ["--cut", "soon"], "'soon' is not a time"),
        ("evaluate", ["--cut", "2024-03-21", "--models", "als,magic"], "unknown model 'magic'"),
        ("evaluate", ["--cut", "2024-03-21", "--cut", "2024-03-21"], "every cut may be given once only"),
        ("evaluate", ["--cut", "2024-03-21", "--category", "size"], "no column size for the category"),
        ("evaluate", ["--cut", "2024-03-21", "--html", "/no/such/x.html"], "cannot be written"),
        ("evaluate", ["--cut", "2024-03-21", "--params", "/nowhere.json"], "/nowhere.json: no such file"),
        ("search", ["--model", "popularity"], "there is nothing to search"),
        ("search", ["--model", "als", "--trials", "0"], "trials must be at least 1"),
        ("search", ["--model", "als", "--windows", "0"], "--windows must be at least 1"),
        ("search", ["--model", "als", "--minutes", "0"], "--minutes must be above 0"),
        ("search", ["--model", "als", "--before", "1999-01-01"], "no usable interactions"),
        ("profile", ["--engine", "spark"], "no engine 'spark' here; choose one of: local"),
        ("profile", ["--as-of", "1999-01-01"], "no usable interactions before"),
        ("cluster", [], "at least 50 customers; there are 27"),
        ("cluster", ["--k", "many"], "--k takes a number or a range"),
    ],
)
def test_bad_input_is_one_clear_line(shop, capsys, command, options, message):
    assert run(shop, command, *options) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert not (shop / "out.csv").exists()


def test_a_missing_column_and_a_missing_folder_are_named(shop, capsys):
    (shop / "shop.csv").write_text("customer,sku\na,b\n")
    assert run(shop, "recommend") == 2
    assert "column user_id, item_id is missing (columns found: customer, sku)" in capsys.readouterr().err
    assert main(["profile", "--interactions", "x", "--out", "/no/such/folder/out.csv"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_it_runs_as_a_module_without_django(shop):
    arguments = [
        "recommender",
        "profile",
        "--interactions",
        str(shop / "shop.csv"),
        "--out",
        str(shop / "out.csv"),
    ]
    code = (
        f"import sys, runpy; sys.modules['django'] = None; sys.argv = {arguments!r}; "
        "runpy.run_module('recommender', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
