"""The commands; each reads files, calls the library, writes a file."""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from recommender.base import Recommender
from recommender.cli.console import Steps, counted, say, writable, write_table
from recommender.cli.tuning import model_of, tuned
from recommender.columns import USER
from recommender.dataset import Dataset
from recommender.engine import engine
from recommender.errors import DataError, UnknownModelError
from recommender.models import LINE_UP, Auto, names
from recommender.models.auto import Tuned
from recommender.models.contest import COMPOSED
from recommender.profiling.features import BEHAVIOUR
from recommender.reading import clean_interactions, read_table
from recommender.validation import protocol


def recommend(options: Namespace) -> None:
    """Write recs.csv: user_id, rank, item_id, score, reason."""
    target = writable(options.out)
    if options.model not in names():
        raise UnknownModelError(options.model, names())
    if options.k < 1:
        raise DataError(f"-k must be at least 1, not {options.k}")
    params = tuned(options.params)
    asked = _user_list(options.users)
    dataset = Dataset.from_frame(
        read_table(options.interactions),
        _items(options),
        min_item_users=options.min_item_users,
        keep_cold_items=True,
    )
    counted(dataset.rejected)
    say(f"{len(dataset.users)} users, {len(dataset.items)} items, {dataset.rows} rows")
    model = model_of(options.model, options.seed, params, [options.objective]).fit(dataset)
    users = list(dataset.users) if asked is None else asked
    lists = model.recommend(
        users,
        options.k,
        options.objective,
        reasons=True,
        progress=Steps("recommended for"),
    )
    if users:
        say(f"fallback share {lists.fallback_share:.3f}")
    write_table(lists.frame(), target)


def evaluate(options: Namespace) -> None:
    """Write report.json, with --html a page as well, and show the table."""
    target = writable(options.out)
    drawn = writable(options.html) if options.html else None
    asked = [name.strip() for name in options.models.split(",") if name.strip()]
    chosen = list(LINE_UP) if asked == ["all"] else asked
    for name in chosen:
        if name not in names():
            raise UnknownModelError(name, names())
    if not chosen:
        raise DataError("--models: name at least one model, or all")
    if options.days is not None and options.cut is None:
        raise DataError("--days needs --cut")
    params = tuned(options.params)
    report = protocol.evaluate(
        read_table(options.interactions),
        options.cut,
        28.0 if options.days is None else options.days,
        _entries(chosen, options, params),
        items=_items(options),
        min_item_users=options.min_item_users,
        seed=options.seed,
        category=options.category,
        say=say,
    )
    counted(report.rejected)
    report.write(target)
    say(report.table())
    say(f"wrote {target}")
    if drawn is not None:
        # Drawing takes half a second to import, which the other commands need not wait for.
        from recommender.validation.page import write_page

        write_page(report, drawn)
        say(f"wrote {drawn}")


def _entries(
    chosen: Sequence[str], options: Namespace, params: Mapping[str, Mapping[str, Any]]
) -> dict[str, Recommender]:
    """Return models under their names; --tuned lets auto's windows choose the settings of single ones."""
    made = {name: model_of(name, options.seed, params) for name in dict.fromkeys(chosen)}
    auto = made.get(Auto.name)
    if not options.tuned:
        return made
    if not isinstance(auto, Auto):
        raise DataError("--tuned takes the settings that auto found: name auto among the --models")
    tuned = {
        name: Tuned(auto, name) if name not in (Auto.name, *COMPOSED, *params) else model
        for name, model in made.items()
    }
    # Auto first: the others ask what it found.
    return {Auto.name: auto, **tuned}


def profile(options: Namespace) -> None:
    """Write one row a user: features and RFM."""
    target = writable(options.out)
    frame = _features(options)
    write_table(frame, target)


def cluster(options: Namespace) -> None:
    """Write user_id, persona, name and place on the map; with --out *.json the whole result."""
    target = writable(options.out)
    frame = _features(options)
    features = (
        [name.strip() for name in options.features.split(",")]
        if options.features
        else [name for name in BEHAVIOUR if name in frame.columns]
    )
    result = engine(options.engine).cluster(frame, features, _range(options.k), options.seed)
    say(f"{result.k} groups, silhouette {result.silhouette:.3f}, stability {result.stability:.3f}")
    for persona in result.personas:
        say(f"{persona.id}: {persona.name} ({persona.size}, {persona.share:.0%})")
    people = pl.DataFrame(
        {
            USER: result.users,
            "persona": [result.personas[label].id for label in result.labels],
            "name": [result.personas[label].name for label in result.labels],
            "x": result.map_xy[:, 0],
            "y": result.map_xy[:, 1],
        }
    )
    if target.suffix.lower() == ".json":
        whole = {**result.to_dict(), "customers": people.drop("name").to_dicts()}
        target.write_text(json.dumps(whole, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"wrote {target}")
    else:
        write_table(people, target)


def _features(options: Namespace) -> pl.DataFrame:
    cleaned = clean_interactions(read_table(options.interactions))
    counted(cleaned.rejected)
    return engine(options.engine).profile(cleaned, options.as_of)


def _items(options: Namespace) -> pl.DataFrame | None:
    return read_table(options.items) if options.items else None


def _user_list(path: str | None) -> list[str] | None:
    if path is None:
        return None
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{path}: no such file")
    users = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    return list(dict.fromkeys(user for user in users if user))


def _range(text: str) -> range:
    try:
        first, _, last = text.partition("-")
        numbers = range(int(first), int(last or first) + 1)
    except ValueError:
        raise DataError(f"--k takes a number or a range as 4-8, not '{text}'") from None
    if not numbers or numbers[0] < 2:
        raise DataError(f"--k takes numbers from 2, not '{text}'")
    return numbers
