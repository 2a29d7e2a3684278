"""What people's words say: interests by TF-IDF, sentiment by a light dictionary, in English and Chinese.

Chinese is cut by jieba. The dictionary is short on purpose: it is read, checked and extended by hand.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import cache

import jieba
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.profiling.lexicon import BAD, GOOD, NOT, STOP

#: A word that fewer people used tells who somebody is, not what they like.
FEWEST_PEOPLE = 2
TERMS = 10
_WORD = re.compile(r"[a-zà-öø-ÿ0-9]+(?:['’-][a-zà-öø-ÿ0-9]+)*|[\u4e00-\u9fff]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: A no turns what follows within so many words.
_REACH = 3


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; Chinese is cut into words."""
    found: list[str] = []
    for piece in _WORD.findall(text.lower().replace("’", "'")):
        found.extend(_cutter().lcut(piece) if _CHINESE.match(piece) else [piece])
    return found


def interests(texts: Sequence[str], most: int = TERMS) -> list[list[tuple[str, float]]]:
    """Return for each person (all of their words in one text) the terms with the highest TF-IDF.

    Weights are sublinear (1 + log tf), times log((1 + n) ÷ (1 + df)) + 1, to length 1 (Salton and Buckley
    1988). Words that only one person used are left out. 10,000 people with 20 words each take about 2 s.
    """
    if not texts:
        return []
    maker = TfidfVectorizer(
        tokenizer=_content, token_pattern=None, lowercase=False, min_df=min(FEWEST_PEOPLE, len(texts)),
        sublinear_tf=True,
    )  # fmt: skip
    try:
        matrix = maker.fit_transform(texts).tocsr()
    except ValueError:  # nobody said a word that another one said
        return [[] for _ in texts]
    names = maker.get_feature_names_out()
    found = []
    for row in range(matrix.shape[0]):
        places = slice(matrix.indptr[row], matrix.indptr[row + 1])
        columns, weights = matrix.indices[places], matrix.data[places]
        order = np.lexsort((names[columns], -weights))[:most]
        found.append([(str(names[columns[place]]), round(float(weights[place]), 4)) for place in order])
    return found


def sentiment(text: str) -> float | None:
    """Return −1 (only bad words) to 1 (only good ones); None where neither occurs."""
    good = bad = 0
    turned = 0
    for word in words(text):
        if word in GOOD or word in BAD:
            if (word in GOOD) == (turned <= 0):
                good += 1
            else:
                bad += 1
            turned = 0
        elif word in NOT:
            turned = _REACH
        else:
            turned -= 1
    return (good - bad) / (good + bad) if good + bad else None


def mean_sentiment(texts: Iterable[str]) -> float | None:
    """Return the mean over those texts that say something."""
    told = [value for value in map(sentiment, texts) if value is not None]
    return float(np.mean(told)) if told else None


def _content(text: str) -> list[str]:
    return [word for word in words(text) if len(word) > 1 and word not in STOP and not word.isdigit()]


@cache
def _cutter() -> jieba.Tokenizer:
    """Return a cutter of our own that knows the dictionary's words."""
    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    for word in GOOD | BAD:
        if _CHINESE.match(word) and len(word) > 1:
            cutter.add_word(word)
    return cutter
