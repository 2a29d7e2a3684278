"""What changed from one version to another, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from .blocks import KINDS, members_of, with_ids
from .blocks.reading import raw
from .models import TemplateVersion

_LONGEST = 60


def differences(before: TemplateVersion, after: TemplateVersion) -> list[str]:
    """Return a sentence for each change, in the order of the message. Empty when both say the same."""
    found = [
        _("%(what)s: “%(before)s” → “%(after)s”")
        % {"what": label, "before": _short(old), "after": _short(new)}
        for label, old, new in (
            (_("Subject"), before.subject, after.subject),
            (_("Preheader"), before.preheader, after.preheader),
        )
        if old != new
    ]
    olds, news = (_by_id(version.blocks) for version in (before, after))
    for id_, block in news.items():
        if id_ not in olds:
            found.append(_("%(block)s added") % {"block": _name(block)})
        else:
            found += _changes(olds[id_], block)
    found += [_("%(block)s removed") % {"block": _name(olds[id_])} for id_ in olds if id_ not in news]
    found += _moves([i for i in olds if i in news], [i for i in news if i in olds], news)
    found += _translations(before.translations, after.translations)
    if not found and before.html != after.html:
        found.append(_("The looks: colours, fonts or logo"))
    return found


def _by_id(blocks: Any) -> dict[str, Mapping[str, Any]]:
    return {str(block.get("id")): block for block in raw(with_ids(blocks))}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    members = members_of(KINDS[new["kind"]]) if new.get("kind") in KINDS else {}
    found = []
    for name, member in members.items():
        was, now = old.get(name, member.default), new.get(name, member.default)
        if was == now or name in ("columns", "blocks", "otherwise"):
            continue
        if isinstance(was, str | int) and isinstance(now, str | int) and name != "html":
            found.append(
                _("%(block)s, %(member)s: “%(before)s” → “%(after)s”")
                % {"block": _name(new), "member": member.label, "before": _short(was), "after": _short(now)}
            )
        else:
            found.append(_("%(block)s: %(member)s changed") % {"block": _name(new), "member": member.label})
    return found


def _moves(olds: list[str], news: list[str], blocks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name the blocks that were moved: those outside of the longest run that kept its order."""
    kept = _longest_common(olds, news)
    return [_("%(block)s moved") % {"block": _name(blocks[id_])} for id_ in news if id_ not in kept]


def _longest_common(one: list[str], other: list[str]) -> set[str]:
    """Return the longest subsequence that both have in the same order (at most 100 blocks each)."""
    rows = [[0] * (len(other) + 1) for _row in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            rows[i + 1][j + 1] = rows[i][j] + 1 if a == b else max(rows[i][j + 1], rows[i + 1][j])
    found, i, j = set(), len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            found.add(one[i - 1])
            i, j = i - 1, j - 1
        elif rows[i - 1][j] >= rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


def _translations(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    for locale in sorted({*before, *after}):
        if locale not in before:
            found.append(_("Translation into %(language)s added") % {"language": locale})
        elif locale not in after:
            found.append(_("Translation into %(language)s removed") % {"language": locale})
        elif before[locale] != after[locale]:
            found.append(_("Translation into %(language)s changed") % {"language": locale})
    return found


def _name(block: Mapping[str, Any]) -> str:
    kind = KINDS.get(str(block.get("kind")))
    said = next((block[name] for name in ("title", "text", "label", "alt") if block.get(name)), "")
    title = str(kind.title_) if kind else "?"
    return f"{title} “{_short(said, 30)}”" if said else title


def _short(value: Any, longest: int = _LONGEST) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
