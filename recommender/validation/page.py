"""An evaluation as one HTML file: pictures, the whole table, what each figure means. Nothing is loaded."""

from collections.abc import Callable
from html import escape
from pathlib import Path

from recommender.validation import charts
from recommender.validation.report import ModelResult, Report

#: Column, decimals, whether more is better (None: neither), and what it means.
FIGURES: tuple[tuple[str, str, int, bool | None, str], ...] = (
    ("ndcg10", "NDCG", 4, True, "hits discounted by rank, against the best possible list"),
    ("recall10", "recall", 4, True, "share of what was bought that the list held"),
    ("precision10", "precision", 4, True, "share of the ten places that came true"),
    ("f1_10", "F1", 4, True, "harmonic mean of precision and recall"),
    ("map10", "MAP", 4, True, "mean of the precision at each hit"),
    ("mrr10", "MRR", 4, True, "one over the rank of the first hit"),
    ("hit_rate10", "hits", 3, True, "share of customers with at least one hit"),
    ("coverage10", "coverage", 3, True, "share of the catalogue that is in at least one list"),
    ("gini10", "Gini", 3, False, "concentration of the lists on few items: 0 even, 1 one item for all"),
    ("diversity10", "diversity", 3, None, "mean distance between two items of a list"),
    ("novelty10", "novelty", 2, None, "mean of −log₂ of the share of customers who have the item, in bits"),
    (
        "calibration10",
        "calibration",
        3,
        False,
        "how far the mix of kinds is from the customer's own: 0 the same",
    ),
    ("rmse", "RMSE", 3, False, "root of the mean squared error of predicted ratings"),
    ("mae", "MAE", 3, False, "mean absolute error of predicted ratings"),
    ("fallback_share", "fallback", 3, False, "share of places that the model left to popularity"),
    ("fit_seconds", "fit s", 1, False, "seconds to learn"),
)
DIVERSITY = {"attributes": "likeness by attributes", "buyers": "likeness by common buyers"}

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f8fafc; --line: #e5e8ec; --ink: #1f2937;
  --label: #6b7280; --point: #0f766e; --soft: #94a3b8; --good: #047857; --bad: #b91c1c; --grid: #e5e8ec;
  --best: #d9f2ee; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f172a; --card: #16213a; --line: #2b3852;
  --ink: #e5e7eb; --label: #a3adbd; --point: #5eead4; --soft: #64748b; --good: #6ee7b7; --bad: #fca5a5;
  --grid: #26334d; --best: #134e4a; } }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p, dd, figcaption { color: var(--label); }
figure { margin: 1rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; overflow-x: auto; } figcaption { margin-bottom: .5rem; }
svg { max-width: 100%; height: auto; } .table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; } .best { background: var(--best); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { font-weight: 600; }
dd { margin: 0; }
"""


def write_page(report: Report, path: str | Path) -> None:
    """Write the page; about 0.1 s a picture."""
    Path(path).write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """Return the page as text: no script, no style or font from elsewhere."""
    goals = list(dict.fromkeys(line.objective for line in report.models))
    title = f"Evaluation, {_when(report)}"
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_summary(report))}</p>"]
    parts += [_section(report, goal) for goal in goals]
    parts.append(_meanings(report))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _section(report: Report, goal: str) -> str:
    lines = sorted((line for line in report.models if line.objective == goal), key=lambda line: -line.ndcg10)
    drawn: list[tuple[str, Callable[[Report, str], str]]] = [("How well the models do", charts.accuracy)]
    if len(lines) > 1:
        drawn.append(("How far they are behind the best", charts.behind))
    if report.parts:
        drawn.append(("At each cut", charts.over_cuts))
    drawn += [("Accuracy and reach", charts.reach), ("What it costs", charts.cost)]
    figures = "\n".join(
        f"<figure><figcaption>{escape(text)}</figcaption>{draw(report, goal)}</figure>"
        for text, draw in drawn
    )
    return f"<h2>{escape(goal.capitalize())}</h2>\n{_verdict(report, lines)}\n{_table(lines)}\n{figures}"


def _verdict(report: Report, lines: list[ModelResult]) -> str:
    """Say which model leads and whether the next one is behind beyond chance."""
    best = lines[0]
    text = f"{best.name} leads with {best.ndcg10:.4f}"
    if len(lines) > 1:
        pair = report.comparison(best.name, lines[1].name, best.objective)
        low, high = pair.interval
        sure = "more than chance explains" if low > 0 else "which chance alone may explain"
        text += f", {pair.difference:.4f} ahead of {lines[1].name} ({low:.4f} to {high:.4f}): {sure}"
    return f"<p>{escape(text)}. {best.users} answers were asked for.</p>"


def _table(lines: list[ModelResult]) -> str:
    shown = [one for one in FIGURES if any(getattr(line, one[0]) is not None for line in lines)]
    heads = "".join(f'<th scope="col" title="{escape(mean)}">{head}</th>' for _, head, _, _, mean in shown)
    rows = []
    for line in lines:
        cells = "".join(_cell(line, lines, key, digits, more) for key, _, digits, more, _ in shown)
        rows.append(f'<tr><th scope="row">{escape(line.name)}</th>{cells}</tr>')
    return (
        f'<div class="table"><table><thead><tr><th scope="col">model</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(line: ModelResult, lines: list[ModelResult], key: str, digits: int, more: bool | None) -> str:
    value = getattr(line, key)
    if value is None:
        return "<td>–</td>"
    known = [getattr(other, key) for other in lines if getattr(other, key) is not None]
    best = more is not None and min(known) < max(known) and value == (max(known) if more else min(known))
    mark = ' class="best"' if best else ""
    return f"<td{mark}>{value:.{digits}f}</td>"


def _meanings(report: Report) -> str:
    notes = {
        "diversity10": DIVERSITY.get(report.diversity_by or "", ""),
        "calibration10": f"kinds by {report.category}" if report.category else "",
    }
    entries = []
    for key, head, _, _, meaning in FIGURES:
        note = f"; {notes[key]}" if notes.get(key) else ""
        entries.append(f"<dt>{head}</dt><dd>{escape(meaning + note)}</dd>")
    return f"<h2>What the figures mean</h2>\n<dl>{''.join(entries)}</dl>"


def _when(report: Report) -> str:
    if report.cut is None:
        return "seeded hold-out"
    return f"{report.days:g} days from {report.cut}"


def _summary(report: Report) -> str:
    text = f"{report.users:,} customers, {report.items:,} items in the catalogue."
    if report.rejected:
        left = ", ".join(f"{count:,} {cause.replace('_', ' ')}" for cause, count in report.rejected.items())
        text += f" Rows left out: {left}."
    if report.parts:
        text += " Figures are means over the cuts; intervals resample customers with all their cuts."
    return text
