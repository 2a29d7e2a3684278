"""Search parameters, and use what a search found."""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recommender.base import Recommender
from recommender.cli.console import counted, say, writable
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.models import Auto, create_seeded, names
from recommender.reading import read_table


def search(options: Namespace) -> None:
    """Write the best parameters found and what they gain on the windows."""
    # Optuna takes half a second to import, which the other commands need not wait for.
    from recommender.validation.search import search as find

    target = writable(options.out)
    storage = writable(options.storage) if options.storage else None
    if options.minutes is not None and options.minutes <= 0:
        raise DataError(f"--minutes must be above 0, not {options.minutes:g}")
    if options.windows < 1:
        raise DataError(f"--windows must be at least 1, not {options.windows}")
    if options.days <= 0:
        raise DataError(f"--days must be above 0, not {options.days:g}")
    dataset = Dataset.from_frame(
        read_table(options.interactions),
        read_table(options.items) if options.items else None,
        as_of=options.before,
        min_item_users=options.min_item_users,
    )
    if options.before is not None and dataset.times is None:
        raise DataError(
            "the interactions have no timestamp column, so --before is not possible; leave it out"
        )
    counted(dataset.rejected)
    found = find(
        dataset,
        options.model,
        options.objective,
        trials=options.trials,
        seconds=None if options.minutes is None else options.minutes * 60,
        windows=options.windows,
        days=options.days,
        seed=options.seed,
        storage=storage,
        say=say,
    )
    found.write(target)
    low, high = found.interval
    say(f"{len(found.trials)} trials on {found.windows} windows in {found.seconds:.0f} s")
    say(f"own parameters {found.default_ndcg10:.4f}, best {found.ndcg10:.4f}")
    say(f"difference {found.difference:+.4f} ({low:+.4f} to {high:+.4f}), chosen on these windows")
    say(f"wrote {target}")


def tuned(files: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Return parameters by model from files that a search wrote."""
    found: dict[str, dict[str, Any]] = {}
    for name in files or ():
        path = Path(name)
        if not path.is_file():
            raise DataError(f"{name}: no such file")
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            model, params = read["model"], dict(read["params"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{name}: holds no parameters; give a file that search wrote") from error
        if model not in names():
            raise DataError(f"{name}: is for the model '{model}', which is unknown here")
        if model in found:
            raise DataError(f"{name}: there are parameters for {model} already")
        found[model] = params
    return found


def model_of(
    name: str,
    seed: int,
    params: Mapping[str, Mapping[str, Any]],
    objectives: Sequence[str] | None = None,
) -> Recommender:
    """Return a new model, with the parameters that were found for it; auto says what it tries."""
    model = create_seeded(name, seed, **params.get(name, {}))
    if isinstance(model, Auto):
        return Telling(model.models, objectives or model.objectives, model.window_days, seed)
    return model


class Telling(Auto):
    """Auto that says on stderr what it tries and what it chose."""

    def _say(self, text: str) -> None:
        say(text)
