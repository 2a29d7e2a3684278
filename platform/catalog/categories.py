"""The category tree: made from paths of names."""

import re
from collections.abc import Iterable

from django.db.models import Q

from catalog.models import Category

MAX_DEPTH = 6
_OTHER = re.compile(r"[\W_]+")


def slug(name: str) -> str:
    """Return a name's part of a path: lower case, runs of signs as a hyphen, letters of any script kept."""
    return _OTHER.sub("-", name.casefold()).strip("-") or "-"


def path_of(names: tuple[str, ...]) -> str:
    """Return the path of a category from the names on the way to it, as `grocery/cheese`."""
    return "/".join(slug(name) for name in names)


def ensure_categories(ways: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Make the missing categories on each way from the root and return the primary key of each end.

    Names that differ only in signs or case are one category, named as it came first. Two queries a
    level.
    """
    wanted = sorted({way for way in ways if way})
    ids: dict[str, int] = {}
    for depth in range(1, max((len(way) for way in wanted), default=0) + 1):
        level: dict[str, tuple[str, ...]] = {}
        for way in wanted:
            if len(way) >= depth:
                level.setdefault(path_of(way[:depth]), way[:depth])
        Category.objects.bulk_create(
            (
                Category(path=path, name=way[-1], parent_id=ids.get(path_of(way[:-1])))
                for path, way in sorted(level.items())
            ),
            ignore_conflicts=True,
        )
        ids |= dict(Category.objects.filter(path__in=level).values_list("path", "id"))
    return {way: ids[path_of(way)] for way in wanted}


def withhold(names: Iterable[str]) -> int:
    """Mark the root categories of these names and all below them as not to be recommended."""
    below = Q(pk=None)
    for name in names:
        below |= Q(path=slug(name)) | Q(path__startswith=f"{slug(name)}/")
    return Category.objects.filter(below, recommendable=True).update(recommendable=False)
