import re
from html.parser import HTMLParser

import pytest

from recommender import evaluate
from recommender.validation.page import page
from tests.recommender.shops import rows, two_tastes

MODELS = ["popularity", "own-frequency", "item-knn"]


@pytest.fixture(scope="module")
def text():
    interactions, items = two_tastes()
    new = rows(("alice", "c0", 65), ("bob", "t1", 66), ("alice", "t5", 85), ("bob", "c5", 85))
    interactions = interactions.vstack(new)
    return page(evaluate(interactions, ["2024-03-01", "2024-03-21"], 14, MODELS, items=items, resamples=50))


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]


def test_nothing_is_loaded_and_nothing_runs(text):
    reader = Reader()
    reader.feed(text)
    assert not {"script", "link", "iframe", "img", "object"} & set(reader.tags)
    assert [link for link in reader.links if not link.startswith("#")] == []
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_every_model_and_picture_is_there(text):
    reader = Reader()
    reader.feed(text)
    # Accuracy, distance to the best, cuts, reach and cost for each of the two objectives.
    assert reader.tags.count("svg") == 10
    assert reader.tags.count("table") == 2
    for name in MODELS:
        assert text.count(f'<th scope="row">{name}</th>') == 2


def test_colours_follow_the_theme(text):
    assert "prefers-color-scheme: dark" in text
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert "var(--point,#0f766e)" in drawn
    assert '"#0f766e"' not in drawn


def test_words_from_the_data_are_text_and_not_markup():
    interactions, items = two_tastes(4)
    odd = items.rename({"category": "<script>x</script>"})
    report = evaluate(interactions, "2024-03-21", 14, MODELS[:2], items=odd, category="<script>x</script>")
    shown = page(report)
    assert "<script>" not in shown
    assert "kinds by &lt;script&gt;" in shown


def test_one_model_alone_has_a_page_too():
    interactions, _ = two_tastes(4)
    report = evaluate(interactions.drop("timestamp"), models=["popularity"], min_item_users=1)
    assert "seeded hold-out" in page(report)
