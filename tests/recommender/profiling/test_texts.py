"""Interests by TF-IDF and sentiment by a dictionary, in English and Chinese."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.profiling.texts import Vocabulary, interests, mean_sentiment, sentiment, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great coffee, I love it", 1),
        ("Terrible. It arrived broken!", -1),
        ("not good", -1),
        ("I didn’t hate it", 1),
        ("great taste but slow delivery", 0),
        ("很好喝，非常满意", 1),
        ("质量太差了，很失望", -1),
        ("不喜欢", -1),
        ("the box is blue", None),
        ("", None),
    ],
)
def test_sentiment(text, expected):
    assert sentiment(text) == expected


def test_the_mean_is_over_reviews_that_say_something():
    assert mean_sentiment(["great", "bad", "blue", "perfect"]) == pytest.approx(1 / 3)
    assert mean_sentiment(["blue"]) is None


def test_interests_are_what_sets_people_apart():
    texts = ["coffee coffee beans milk", "tea leaves milk", "coffee milk", "tea milk", "xylophone milk"]
    found = interests(texts)
    assert [person[0][0] for person in found[:4]] == ["coffee", "tea", "coffee", "tea"]
    assert all(weight > dict(person)["milk"] for person in found[:4] for term, weight in person[:1])
    assert "xylophone" not in dict(found[4])  # nobody else said it
    assert interests([]) == []
    assert interests(["the", "of"]) == [[], []]


def test_chinese_is_cut_into_words():
    assert words("无糖咖啡豆 Dark Roast") == ["无糖", "咖啡豆", "dark", "roast"]
    found = interests(["我 想买 咖啡豆", "咖啡豆 新鲜", "绿茶", "绿茶 便宜"])
    assert [person[0][0] for person in found] == ["咖啡豆", "咖啡豆", "绿茶", "绿茶"]


def test_weights_are_those_of_scikit_learn_however_the_people_are_sliced():
    random = np.random.default_rng(3)
    some = [f"w{number}" for number in range(60)]
    texts = [" ".join(random.choice(some, random.integers(1, 30))) for _ in range(50)]
    peer = TfidfVectorizer(token_pattern=r"\S+", min_df=2, sublinear_tf=True)
    matrix, names = peer.fit_transform(texts), peer.get_feature_names_out()
    vocabulary = Vocabulary().count(texts[:20]).count(texts[20:])
    for row, text in enumerate(texts):
        expected = {names[column]: matrix[row, column] for column in matrix[row].indices}
        assert dict(vocabulary.interests(text, most=100)) == pytest.approx(expected, abs=6e-5)
