"""Names that only this shop has: its categories, brands and segments, and the countries of the world."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from babel import Locale
from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Lower, StrIndex
from django.utils.translation import override

from catalog.models import Category, Product
from segments.drafting.meanings import Thing
from segments.drafting.tokens import Entry, Type
from segments.models import Segment
from segments.selectors import display_name

#: A word like "wine" may stand for so many categories.
MOST = 20
_LATIN = re.compile(r"[a-z0-9]", re.IGNORECASE)


@lru_cache(maxsize=4)
def countries(language: str) -> tuple[Entry, ...]:
    """Return the countries by their names in a language."""
    names = Locale.parse(language.replace("-", "_")).territories
    return tuple(
        _entry(Type.COUNTRY, name, code)
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "EZ", "UN", "QO", "XA", "XB")
    )


def named_in(sentence: str) -> list[Entry]:
    """Return the categories, brands and products whose whole names the sentence holds. Three queries.

    Each looks once through the names; 20,000 products take about 30 ms.
    """
    found: list[Entry] = []
    paths = defaultdict(list)
    for name, path in _held(Category.objects.all(), "name", sentence).values_list("name", "path"):
        paths[name.lower()].append(path)
    found += [_thing(name, Thing("category", tuple(_roots(held)))) for name, held in paths.items()]
    brands = _held(Product.objects.exclude(brand=""), "brand", sentence).values_list("brand", flat=True)
    found += [_thing(brand, Thing("brand", (brand,))) for brand in brands.distinct()]
    products = _held(Product.objects.filter(active=True), "name", sentence).values_list("name", "sku")
    found += [_thing(name, Thing("product", (sku,))) for name, sku in products[:MOST]]
    return found


def meant_by(words: Iterable[str]) -> list[Entry]:
    """Return the categories of which a word is part, as “wine” of “Domestic wine”; a query a word."""
    found = []
    for word in set(words):
        stem = word.lower()
        stem = stem[:-1] if len(stem) > 3 and stem.endswith("s") and _LATIN.match(stem) else stem
        if len(stem) < (3 if _LATIN.match(stem) else 1):
            continue
        pattern = rf"\y{re.escape(stem)}s?" if _LATIN.match(stem) else re.escape(stem)
        # “Domestic wine” is wine; “wine vinegar” is not, and is meant only where nothing else is.
        for ending in ("$", ""):
            named = Category.objects.filter(name__iregex=pattern + ending)
            if roots := _roots(named.values_list("path", flat=True))[:MOST]:
                break
        if roots:
            found.append(_entry(Type.WORD, re.escape(word), Thing("category", tuple(roots)), escaped=True))
    return found


def segments_by_name() -> dict[str, str]:
    """Return the short names of segments by their names, shown and stored, in lower case."""
    found = {}
    segments = list(Segment.objects.only("slug", "name", "ready_made"))
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {display_name(segment).lower(): segment.slug for segment in segments}
    return found | {segment.slug: segment.slug for segment in segments}


def _held(rows, column, sentence):  # type: ignore[no-untyped-def]
    return rows.annotate(place=StrIndex(Value(sentence.lower()), Lower(F(column)))).filter(
        place__gt=0, **{f"{column}__gt": ""}
    )


def _roots(paths: Iterable[str]) -> list[str]:
    """Leave out what lies below another of them."""
    roots: list[str] = []
    for path in sorted(paths):
        if not any(path == root or path.startswith(f"{root}/") for root in roots):
            roots.append(path)
    return roots


def _thing(name: str, thing: Thing) -> Entry:
    return _entry(Type.WORD, name, thing)


def _entry(type: Type, name: str, value: object, *, escaped: bool = False) -> Entry:
    pattern = name if escaped else re.escape(name)
    if _LATIN.match(name):
        pattern = rf"(?<!\w){pattern}(?:s|es)?(?!\w)"
    return Entry(type, re.compile(pattern, re.IGNORECASE), lambda _match: value)
