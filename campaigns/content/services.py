"""Make templates, give them versions, and render a version for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User

from . import liquid
from .blocks import parse_blocks
from .compiler import compile_blocks
from .liquid import TemplateInvalid
from .models import BLOCK_LANGUAGE, Template, TemplateVersion
from .text import first_image, first_url, short_text
from .variables import KNOWN, SAMPLE, unknown

LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class Content:
    """A mail for one person."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a version cannot do without: how many products it shows, whether it shows a code."""

    products: int
    coupon: bool


@transaction.atomic
def create_template(
    *,
    name: str,
    subject: str,
    blocks: list[dict[str, Any]],
    now: datetime,
    preheader: str = "",
    user: User | None = None,
) -> TemplateVersion:
    """Store a template with its first version. Raises TemplateInvalid or django's ValidationError."""
    template = Template(name=name, created_at=now)
    template.full_clean()
    template.save(force_insert=True)
    return add_version(template, subject=subject, preheader=preheader, blocks=blocks, now=now, user=user)


@transaction.atomic
def add_version(
    template: Template,
    *,
    subject: str,
    blocks: list[dict[str, Any]],
    now: datetime,
    preheader: str = "",
    user: User | None = None,
) -> TemplateVersion:
    """Compile a wording, try it on a sample customer, and store it as the template's next version.

    Earlier versions stay as they are: what was sent can always be shown. Raises TemplateInvalid with a
    sentence that names the block, the missing variable or the mistake in the Liquid.
    """
    compiled = compile_blocks(parse_blocks(blocks), preheader=preheader)
    version = TemplateVersion(
        template=template,
        subject=subject,
        preheader=preheader,
        blocks=blocks,
        block_language=BLOCK_LANGUAGE,
        html=compiled.html,
        text=compiled.text,
        created_at=now,
        created_by=user,
    )
    check(version)
    # Two authors at once get two numbers.
    Template.objects.select_for_update().get(pk=template.pk)
    version.number = (template.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version.save(force_insert=True)
    audit.record(
        action="add_template_version", target=template, now=now, user=user, after={"number": version.number}
    )
    return version


def check(version: TemplateVersion) -> None:
    """Raise TemplateInvalid when a version names a variable that no mail has, or cannot be rendered."""
    for part in (version.subject, version.preheader):
        if len(part) > LONGEST_LINE:
            raise TemplateInvalid(
                _("Subject and preheader have at most %(most)d characters.") % {"most": LONGEST_LINE}
            )
    named = {
        path
        for part in (version.subject, version.preheader, version.html, version.text)
        for path in liquid.variables(part, kept=KNOWN)
    }
    if missing := unknown(named):
        raise TemplateInvalid(_("No mail has: %(names)s.") % {"names": ", ".join(missing)})
    if not render(version, SAMPLE).subject:
        raise TemplateInvalid(_("Write a subject."))


def render(version: TemplateVersion, context: Mapping[str, Any], *, subject: str | None = None) -> Content:
    """Render a version for one person; `subject` replaces the version's own. About 1 ms.

    `context` follows campaigns.content.variables.KNOWN. Values are escaped in HTML and are never read
    as templates themselves.
    """
    return Content(
        _line(liquid.render(version.subject if subject is None else subject, context, html=False)),
        _line(liquid.render(version.preheader, context, html=False)),
        liquid.render(version.html, context, html=True),
        liquid.render(version.text, context, html=False),
    )


@dataclass(frozen=True, slots=True)
class Short:
    """What a channel without mail says to one person: a title, some words, where they lead, a picture."""

    title: str
    text: str
    url: str
    image: str


def render_short(
    version: TemplateVersion, context: Mapping[str, Any], *, subject: str | None = None
) -> Short:
    """Render a version's words alone for one person: the subject is the title. About 0.5 ms."""
    blocks = parse_blocks(version.blocks)
    text, url, image = (
        liquid.render(part, context, html=False)
        for part in (short_text(blocks), first_url(blocks), first_image(blocks))
    )
    title = liquid.render(version.subject if subject is None else subject, context, html=False)
    return Short(_line(title), text.strip(), url.strip(), image.strip())


def needs(version: TemplateVersion) -> Needs:
    """Return what a version shows of products and coupon."""
    roots = {path[0] for part in (version.subject, version.html) for path in liquid.variables(part)}
    counts = [block.count for block in parse_blocks(version.blocks) if block.kind == "recommendations"]
    return Needs(max(counts, default=int("products" in roots)), "coupon" in roots)


def _line(text: str) -> str:
    """Return a header's text: one line, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
