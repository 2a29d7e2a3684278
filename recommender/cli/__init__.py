"""The command line: recommend, evaluate, search, profile, cluster, score on CSV and Parquet files."""

import argparse
from collections.abc import Sequence

import polars as pl

from recommender.cli import commands, scoring, tuning
from recommender.cli.console import fail
from recommender.columns import OBJECTIVES
from recommender.engine import LOCAL
from recommender.errors import RecommenderError
from recommender.models import LINE_UP, names

FAILED = 2


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code. Bad input is one line on stderr and code 2."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except RecommenderError as error:
        return fail(str(error), FAILED)
    except (OSError, UnicodeError) as error:
        return fail(f"{error.__class__.__name__}: {error}", FAILED)
    except pl.exceptions.PolarsError as error:
        return fail(f"the input cannot be processed: {str(error).splitlines()[0]}", FAILED)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recommender", description=__doc__)
    commands_ = parser.add_subparsers(required=True, metavar="command")
    _recommend(commands_.add_parser("recommend", help="write the best items for each user"))
    _evaluate(commands_.add_parser("evaluate", help="compare models on what followed a cut"))
    _search(commands_.add_parser("search", help="find a model's best parameters on the shop's own past"))
    _profile(commands_.add_parser("profile", help="write how each user buys, with RFM scores"))
    _cluster(commands_.add_parser("cluster", help="group users who buy alike"))
    _score(commands_.add_parser("score", help="say what each user will probably do and bring"))
    return parser


def _inputs(parser: argparse.ArgumentParser, items: bool) -> None:
    parser.add_argument(
        "--interactions",
        required=True,
        metavar="FILE",
        help="CSV or Parquet: user_id, item_id[, timestamp][, quantity][, amount][, weight][, basket]"
        "[, rating]",
    )
    if items:
        parser.add_argument("--items", metavar="FILE", help="CSV or Parquet: item_id and attributes")
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--seed", type=int, default=0)


def _recommend(parser: argparse.ArgumentParser) -> None:
    _inputs(parser, items=True)
    parser.add_argument("--users", metavar="FILE", help="one user id a line; without it everybody")
    parser.add_argument("--objective", choices=[goal.value for goal in OBJECTIVES], default="replenish")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--model", default="auto", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--min-item-users", type=int, default=1)
    _params(parser)
    parser.set_defaults(run=commands.recommend)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    _inputs(parser, items=True)
    parser.add_argument(
        "--cut",
        action="append",
        help="train before, ask about what follows (ISO 8601 or epoch seconds); give it again for more cuts",
    )
    parser.add_argument("--days", type=float, help="length of the window, 28 by default")
    parser.add_argument(
        "--models",
        default="all",
        help=f"names with commas of {', '.join(names())}; all: {', '.join(LINE_UP)}",
    )
    parser.add_argument("--min-item-users", type=int, default=5)
    _params(parser)
    parser.add_argument(
        "--tuned",
        action="store_true",
        help="give single models the settings that did best on the windows of auto (one of the models)",
    )
    parser.add_argument("--category", metavar="COLUMN", help="attribute whose mix calibration compares")
    parser.add_argument("--html", metavar="FILE", help="write the report as a page with pictures, too")
    parser.set_defaults(run=commands.evaluate)


def _params(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--params", action="append", metavar="FILE", help="parameters that search wrote, for its model"
    )


def _search(parser: argparse.ArgumentParser) -> None:
    _inputs(parser, items=True)
    parser.add_argument("--model", required=True, metavar="NAME")
    parser.add_argument("--objective", choices=[goal.value for goal in OBJECTIVES], default="replenish")
    parser.add_argument("--before", help="look only at what lies before (ISO 8601 or epoch seconds)")
    parser.add_argument("--windows", type=int, default=3, help="how many windows decide")
    parser.add_argument("--days", type=float, default=28.0, help="length of a window")
    parser.add_argument("--trials", type=int, default=50, help="how many, those of earlier runs included")
    parser.add_argument("--minutes", type=float, help="begin nothing new after so long")
    parser.add_argument("--storage", metavar="FILE", help="journal: run again with it to go on")
    parser.add_argument("--min-item-users", type=int, default=5)
    parser.set_defaults(run=tuning.search)


def _profile(parser: argparse.ArgumentParser) -> None:
    _inputs(parser, items=False)
    parser.add_argument("--engine", default=LOCAL, help="where to run")
    parser.add_argument("--as-of", help="look only at what lies before (ISO 8601 or epoch seconds)")
    parser.set_defaults(run=commands.profile)


def _cluster(parser: argparse.ArgumentParser) -> None:
    _profile(parser)
    parser.add_argument("--features", help="names with commas; see the columns that profile writes")
    parser.add_argument("--k", default="4-8", help="numbers of groups to try, as 4-8 or 5")
    parser.set_defaults(run=commands.cluster)


def _score(parser: argparse.ArgumentParser) -> None:
    _inputs(parser, items=False)
    parser.add_argument(
        "--responses",
        metavar="FILE",
        help="CSV or Parquet: user_id, timestamp, event (offer, redemption, message, click)[, until]",
    )
    parser.add_argument("--as-of", help="look only at what lies before (ISO 8601 or epoch seconds)")
    parser.add_argument("--days", type=float, default=84.0, help="period of the lifetime value")
    parser.add_argument("--report", metavar="FILE", help="write how each score was found as JSON, too")
    parser.set_defaults(run=scoring.score)
