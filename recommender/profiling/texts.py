"""What people's words say: interests by TF-IDF, sentiment by a light dictionary, in English and Chinese.

Chinese is cut by jieba. The dictionary is short on purpose: it is read, checked and extended by hand.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import jieba
import numpy as np

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


class Vocabulary:
    """How many people use each word: counted slice by slice, then asked for what sets a person apart.

    A text is all that one person said. Memory is that of the distinct words, whatever the number of people.
    """

    def __init__(self) -> None:
        self.people = 0
        self.users: Counter[str] = Counter()

    def count(self, texts: Iterable[str]) -> "Vocabulary":
        """Add people, one text each; 10,000 with 20 words each take about 1 s."""
        for text in texts:
            self.people += 1
            self.users.update(set(_content(text)))
        return self

    def interests(self, text: str, most: int = TERMS) -> list[tuple[str, float]]:
        """Return the terms of a person who was counted, with the highest TF-IDF first.

        Weights are sublinear (1 + log tf), times log((1 + n) ÷ (1 + df)) + 1, to length 1 (Salton and
        Buckley 1988). Words that only one person used are left out.
        """
        fewest = min(FEWEST_PEOPLE, self.people)
        said = {word: n for word, n in Counter(_content(text)).items() if self.users[word] >= fewest}
        weights = {
            word: (1 + math.log(n)) * (math.log((1 + self.people) / (1 + self.users[word])) + 1)
            for word, n in said.items()
        }
        length = math.sqrt(math.fsum(weight**2 for weight in weights.values()))
        shares = [(word, round(weight / length, 4)) for word, weight in weights.items()]
        return sorted(shares, key=lambda share: (-share[1], share[0]))[:most]


def interests(texts: Sequence[str], most: int = TERMS) -> list[list[tuple[str, float]]]:
    """Return for each person (all of their words in one text) the terms with the highest TF-IDF."""
    vocabulary = Vocabulary().count(texts)
    return [vocabulary.interests(text, most) for text in texts]


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
