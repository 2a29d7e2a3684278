"""What a version says, in the language it was written in and in others; and what is made of it."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from . import liquid
from .blocks import KINDS, Block, Condition, Recommendations, members_of, parse_blocks, walk, with_ids
from .blocks.kinds import Bundle, Conditional, Imported
from .blocks.reading import raw
from .brand import in_locale
from .liquid import TemplateInvalid
from .mail.compiling import compile_blocks
from .mail.look import Look
from .text import short_text
from .variables import KNOWN, unknown

LONGEST_LINE = 300
MOST_LANGUAGES = 20
_LOCALE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")


@dataclass(frozen=True, slots=True)
class Wording:
    """A message as a marketer writes it. Blocks and translations are JSON."""

    subject: str
    blocks: Any
    preheader: str = ""
    locale: str = "en"
    translations: Mapping[str, Any] = field(default_factory=dict)
    channel: str = "email"

    @property
    def draft(self) -> dict[str, Any]:
        """Return it as a draft is stored."""
        return {
            "locale": self.locale,
            "subject": self.subject,
            "preheader": self.preheader,
            "blocks": with_ids(self.blocks),
            "translations": dict(self.translations),
        }


@dataclass(frozen=True, slots=True)
class Wants:
    """What a rendering needs to know. `missing` says what happens to those without products."""

    products: int = 0
    missing: str = "skip"
    coupon: bool = False
    #: Whether it says something else to those without a code.
    without_code: bool = False
    segments: tuple[str, ...] = ()
    bundles: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        """Say whether somebody without products gets nothing."""
        return bool(self.products) and self.missing == "skip"


@dataclass(frozen=True, slots=True)
class Made:
    """A compiled wording in one language, as Liquid templates."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Compilation:
    """A whole compiled wording: its own language, the others, and what it needs."""

    blocks: Sequence[Block]
    own: Made
    others: Mapping[str, Made]
    wants: Wants


def read_wording(value: Any, *, channel: str = "email") -> Wording:
    """Read a draft. Raises TemplateInvalid when it is not one at all; its blocks may still be wrong."""
    if not isinstance(value, Mapping):
        raise TemplateInvalid(_("This is not a template."))
    lines = {name: value.get(name, "") for name in ("subject", "preheader")}
    for name, line in lines.items():
        if not isinstance(line, str) or "\0" in line:
            raise TemplateInvalid(f"{name}: {_('Write a text.')}", path=name)
    locale, translations = value.get("locale", "en"), value.get("translations", {})
    if not isinstance(translations, Mapping) or len(translations) > MOST_LANGUAGES:
        raise TemplateInvalid(
            f"translations: {_('Write at most %(most)d languages.') % {'most': MOST_LANGUAGES}}"
        )
    for name in (locale, *translations):
        if not isinstance(name, str) or not _LOCALE.fullmatch(name):
            raise TemplateInvalid(f"translations: {_('Name languages as in “zh-hans” or “de”.')}")
    return Wording(
        **lines, blocks=value.get("blocks"), locale=locale, translations=translations, channel=channel
    )


def compile_wording(wording: Wording, look: Look, *, marks: bool = False) -> Compilation:
    """Compile a wording in all its languages; about 2 ms for each.

    Raises TemplateInvalid with a sentence that names the block, the missing variable or the mistake in
    the Liquid.
    """
    blocks = parse_blocks(wording.blocks, channel=wording.channel)
    own = _made(wording.subject, wording.preheader, blocks, in_locale(look, wording.locale), wording, marks)
    others = {}
    for locale, said in wording.translations.items():
        subject, preheader, translated = translate(wording, locale, said)
        others[locale] = _made(
            subject, preheader, parse_blocks(translated), in_locale(look, locale), wording, marks
        )
    return Compilation(blocks, own, others, wants_of(blocks, [own, *others.values()]))


def _made(
    subject: str, preheader: str, blocks: Sequence[Block], look: Look, wording: Wording, marks: bool
) -> Made:
    for name, line in (("subject", subject), ("preheader", preheader)):
        if len(line) > LONGEST_LINE:
            raise TemplateInvalid(
                _("Subject and preheader have at most %(most)d characters.") % {"most": LONGEST_LINE},
                path=name,
            )
    if wording.channel == "email":
        parts = compile_blocks(blocks, preheader=preheader, look=look, marks=marks)
        made = Made(subject, preheader, parts.html, parts.text)
    else:
        made = Made(subject or _title(blocks), "", "", short_text(blocks))
    _check(made, blocks)
    return made


def _title(blocks: Sequence[Block]) -> str:
    return str(getattr(blocks[0], "title", ""))


def _check(made: Made, blocks: Sequence[Block]) -> None:
    """Raise TemplateInvalid when a part cannot be read or names what no message has; name the block."""
    for name in ("subject", "preheader", "html", "text"):
        try:
            named = liquid.variables(getattr(made, name), kept=KNOWN)
        except TemplateInvalid as error:
            raise TemplateInvalid(str(error), path=_place_of(error, made, name, blocks)) from error
        if missing := unknown(named):
            raise TemplateInvalid(
                _("No mail has: %(names)s.") % {"names": ", ".join(missing)},
                path=name if name in ("subject", "preheader") else _block_with(missing[0], blocks),
            )


def _block_with(variable: str, blocks: Sequence[Block]) -> str:
    """Return the id of the block that names a variable."""
    for block in walk(blocks):
        for name in members_of(type(block)):
            value = getattr(block, name)
            if isinstance(value, str) and variable in value:
                return f"#{block.id}.{name}"
    return ""


def _place_of(error: TemplateInvalid, made: Made, name: str, blocks: Sequence[Block]) -> str:
    """Return which block's Liquid cannot be read on its own."""
    if name in ("subject", "preheader"):
        return name
    for block in walk(blocks):
        for member in members_of(type(block)):
            value = getattr(block, member)
            if isinstance(value, str):
                try:
                    liquid.variables(value)
                except TemplateInvalid:
                    return f"#{block.id}.{member}"
    return error.path


def wants_of(blocks: Sequence[Block], made: Sequence[Made]) -> Wants:
    """Return what a message shows of products, coupon, segments and bundles."""
    shown = list(walk(blocks))
    named = {
        path for one in made for part in (one.subject, one.html, one.text) for path in liquid.variables(part)
    }
    roots = {path[0] for path in named}
    lists = [block for block in shown if isinstance(block, Recommendations)]
    conditions: list[Condition] = [block.only for block in shown if block.only is not None]
    conditions += [block.when for block in shown if isinstance(block, Conditional)]
    order = ("skip", "popular", "hide")
    return Wants(
        products=max((block.count for block in lists), default=int("products" in roots)),
        missing=min((block.fallback for block in lists), key=order.index, default="skip"),
        coupon="coupon" in roots,
        without_code=any(one.about == "coupon" for one in conditions),
        segments=tuple(sorted({one.value for one in conditions if one.about == "segment"})),
        bundles={block.id: block.skus for block in shown if isinstance(block, Bundle)},
    )


def wants_as_json(wants: Wants) -> dict[str, Any]:
    """Return what a version stores of it."""
    return asdict(wants) | {"bundles": {name: list(skus) for name, skus in wants.bundles.items()}}


def translate(wording: Wording, locale: str, said: Any) -> tuple[str, str, Any]:
    """Return subject, preheader and blocks in another language; what is not translated stays.

    Raises TemplateInvalid for a translation of something that is not said in words.
    """
    if not isinstance(said, Mapping) or not isinstance(said.get("blocks", {}), Mapping):
        raise TemplateInvalid(f"translations.{locale}: {_('This is not a translation.')}")
    blocks = deepcopy(with_ids(wording.blocks))
    by_id = {block.get("id"): block for block in raw(blocks)}
    for id_, members in said.get("blocks", {}).items():
        block = by_id.get(id_)
        if block is None or not isinstance(members, Mapping):
            continue  # the block was removed since
        known = members_of(KINDS[block["kind"]]) if block.get("kind") in KINDS else {}
        for name, text in members.items():
            if name not in known or not known[name].said or not isinstance(text, str):
                raise TemplateInvalid(
                    f"translations.{locale}.{id_}.{str(name)[:40]}: {_('This is not said in words.')}"
                )
            if text:
                block[name] = text  # type: ignore[index]
    lines = [said.get(name) or getattr(wording, name) for name in ("subject", "preheader")]
    if not all(isinstance(line, str) for line in lines):
        raise TemplateInvalid(f"translations.{locale}: {_('Write a text.')}")
    return lines[0], lines[1], blocks


def choose_locale(wanted: str, available: Mapping[str, Any] | Sequence[str]) -> str:
    """Return which of the languages fits a person's locale, "" for none: zh-CN → zh-hans, de_AT → de."""
    if not available or not wanted:
        return ""
    name = wanted.replace("_", "-").lower()
    language = name.partition("-")[0]
    script = {"zh": "zh-hant" if re.search(r"hant|tw|hk|mo", name) else "zh-hans"}.get(language, "")
    for candidate in (name, script, language):
        if candidate and candidate in available:
            return candidate
    return ""


def is_imported(blocks: Sequence[Block]) -> bool:
    """Say whether the message is a document made elsewhere."""
    return isinstance(blocks[0], Imported)
