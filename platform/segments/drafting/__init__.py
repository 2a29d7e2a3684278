"""A sentence turned into a rule, by a fixed grammar in English and Chinese.

The same sentence always gives the same rule, nothing leaves the machine, and what was not understood
is said instead of guessed: a condition that is in doubt is left out and its words are returned.
"""

import re
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _

from segments.drafting import chinese, english
from segments.drafting.clauses import Said, Unclear, split
from segments.drafting.reading import read
from segments.drafting.things import countries, meant_by, named_in, segments_by_name
from segments.drafting.tokens import Token, Type, tokenise
from segments.drafting.trees import Rule, UnknownSegmentError, leaf, tree

#: A sentence, not an essay.
LONGEST = 500
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Drafted:
    """The rule, the words that each condition came from, and the words nothing was made of."""

    rule: dict[str, Any]
    understood: list[str]
    unclear: list[str]


def draft(sentence: str) -> Drafted:
    """Return the rule that a sentence describes. Four to eight quick queries for the names in it."""
    # Half a surrogate pair cannot be looked up.
    sentence = sentence.encode(errors="ignore").decode().replace("\0", "").strip()[:LONGEST]
    clauses = read(split(_tokens(sentence)))
    understood: list[str] = []
    unclear: list[str] = []
    names = segments_by_name()
    said: list[tuple[Type, Said]] = []

    def make(one: Said) -> Rule | None:
        try:
            rule = leaf(one.meaning, names, salt=f"{crc32(sentence.encode()):08x}")
        except UnknownSegmentError as error:
            unclear.append(_("“%(name)s”: no segment has this name") % {"name": error})
            return None
        understood.append(sentence[one.start : one.end].strip())
        return rule

    for joined, one in clauses:
        if isinstance(one, Unclear):
            unclear.append(_unclear(one, sentence))
        else:
            said.append((joined, one))
    return Drafted(tree(said, make), understood, unclear)


def _unclear(part: Unclear, sentence: str) -> str:
    said = sentence[part.start : part.end].strip()
    if not part.words or part.words == said:
        return said
    return _("%(part)s (nothing is called “%(words)s”)") % {"part": said, "words": part.words}


def _tokens(sentence: str) -> list[Token]:
    language, locale = (chinese, "zh_Hans") if _HAN.search(sentence) else (english, "en")
    # What the language says goes before what the shop calls its things, where both are as long.
    entries = [*language.ENTRIES, *countries(locale), *named_in(sentence)]
    tokens = _joined(tokenise(sentence, entries, language.WORD))
    unknown = [token.text for token in tokens if token.type is Type.WORD and isinstance(token.value, str)]
    if not unknown or not (meant := meant_by(unknown)):
        return tokens
    return _joined(tokenise(sentence, [*entries, *meant], language.WORD))


def _joined(tokens: list[Token]) -> list[Token]:
    """Join neighbouring letters of Chinese that no entry knows to one word."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if (
            last
            and last.type is token.type is Type.WORD
            and isinstance(last.value, str)
            and isinstance(token.value, str)
            and last.end == token.start
        ):
            text = last.text + token.text
            found[-1] = Token(Type.WORD, text, text, last.start, token.end)
        else:
            found.append(token)
    return found
