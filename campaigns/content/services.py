"""Make templates and give them versions; archive, clone and rename them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User

from .blocks import with_ids
from .brand import ChangedMeanwhileError, brand_kit, look_of
from .liquid import TemplateInvalid
from .models import BLOCK_LANGUAGE, Medium, Template, TemplateVersion
from .rendering import Content, Short, made_for, needs, render, render_made, render_short
from .variables import SAMPLE
from .wording import Compilation, Wants, Wording, compile_wording, wants_as_json

__all__ = [
    "ChangedMeanwhileError", "Content", "Needs", "Short", "TemplateInvalid", "add_version", "create_template",
    "needs", "render", "render_short",
]  # fmt: skip

Needs = Wants


@transaction.atomic
def create_template(
    *,
    name: str,
    subject: str = "",
    blocks: list[dict[str, Any]],
    now: datetime,
    preheader: str = "",
    locale: str = "en",
    translations: Mapping[str, Any] | None = None,
    channel: str = Medium.EMAIL,
    user: User | None = None,
) -> TemplateVersion:
    """Store a template with its first version. Raises TemplateInvalid or django's ValidationError."""
    template = Template(name=name, channel=channel, created_at=now, changed_at=now)
    template.full_clean()
    template.save(force_insert=True)
    return add_version(
        template, subject=subject, preheader=preheader, blocks=blocks, locale=locale,
        translations=translations, now=now, user=user,
    )  # fmt: skip


@transaction.atomic
def add_version(
    template: Template,
    *,
    subject: str = "",
    blocks: list[dict[str, Any]],
    now: datetime,
    preheader: str = "",
    locale: str = "en",
    translations: Mapping[str, Any] | None = None,
    note: str = "",
    revision: int | None = None,
    user: User | None = None,
) -> TemplateVersion:
    """Compile a wording, try it on a sample customer, and store it as the template's next version.

    It becomes the draft as well. With a `revision`, ChangedMeanwhileError is raised when the draft is
    not that any more. Earlier versions stay as they are: what was sent can always be shown. Raises
    TemplateInvalid with a sentence that names the block, the missing variable or the mistake in the
    Liquid.
    """
    wording = Wording(subject, with_ids(blocks), preheader, locale, translations or {}, template.channel)
    compilation = compile_wording(wording, look_of(brand_kit(), locale))
    own = compilation.own
    version = TemplateVersion(
        template=template,
        locale=locale,
        subject=own.subject,
        preheader=preheader,
        blocks=wording.blocks,
        translations=dict(wording.translations),
        block_language=BLOCK_LANGUAGE,
        html=own.html,
        text=own.text,
        compiled={name: asdict(made) for name, made in compilation.others.items()},
        wants=wants_as_json(compilation.wants),
        note=note[:200],
        created_at=now,
        created_by=user,
    )
    _try(version, compilation)
    # Two authors at once get two numbers.
    stored = Template.objects.select_for_update().get(pk=template.pk)
    if revision is not None and stored.revision != revision:
        raise ChangedMeanwhileError(_("Somebody changed this template meanwhile. Reload the page to see it."))
    version.number = (template.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version.save(force_insert=True)
    template.draft, template.revision, template.changed_at = wording.draft, stored.revision + 1, now
    template.save(update_fields=["draft", "revision", "changed_at"])
    audit.record(
        action="add_template_version", target=template, now=now, user=user, after={"number": version.number}
    )
    return version


def _try(version: TemplateVersion, compilation: Compilation) -> None:
    """Raise TemplateInvalid when a version cannot be rendered, or a mail has no subject."""
    bundles = {name: {"products": [], "total": "0", "currency": ""} for name in compilation.wants.bundles}
    sample = {**SAMPLE, "bundles": bundles}
    for made in (made_for(version, {}), *compilation.others.values()):
        if not render_made(made, sample).subject and version.template.channel == Medium.EMAIL:
            raise TemplateInvalid(_("Write a subject."), path="subject")


@transaction.atomic
def restore_version(version: TemplateVersion, *, now: datetime, user: User | None) -> TemplateVersion:
    """Store an earlier wording as the newest version, in the brand's present looks."""
    return add_version(
        version.template,
        subject=version.subject,
        preheader=version.preheader,
        blocks=version.blocks,
        locale=version.locale,
        translations=version.translations,
        note=_("Version %(number)d again") % {"number": version.number},
        now=now,
        user=user,
    )


@transaction.atomic
def clone_template(template: Template, *, now: datetime, user: User | None) -> Template:
    """Make a new template of one's newest version and draft."""
    base = _("%(name)s (copy)") % {"name": template.name[:130]}
    taken = set(Template.objects.filter(name__startswith=base).values_list("name", flat=True))
    numbered = (f"{base} {number}" for number in range(2, len(taken) + 3))
    name = base if base not in taken else next(one for one in numbered if one not in taken)
    newest = template.versions.first()
    copy = Template.objects.create(
        name=name, channel=template.channel, draft=template.draft, created_at=now, changed_at=now
    )
    if newest is not None:
        newest.pk, newest.template, newest.number = None, copy, 1
        newest.created_at, newest.created_by, newest.note = now, user, ""
        newest.save(force_insert=True)
    audit.record(action="clone_template", target=copy, now=now, user=user, after={"from": str(template.pk)})
    return copy


@transaction.atomic
def archive_template(template: Template, *, archived: bool, now: datetime, user: User | None) -> None:
    """Take a template out of the gallery, or bring it back. Campaigns that use it go on."""
    changed = Template.objects.filter(pk=template.pk, archived_at__isnull=archived).update(
        archived_at=now if archived else None
    )
    if changed:
        action = "archive_template" if archived else "unarchive_template"
        audit.record(action=action, target=template, now=now, user=user)


@transaction.atomic
def rename_template(template: Template, name: str, *, now: datetime, user: User | None) -> None:
    """Give a template another name. Raises django's ValidationError when it is taken or too long."""
    before, template.name = template.name, name
    if before == name:
        return
    template.full_clean(exclude=["draft"])
    template.save(update_fields=["name"])
    audit.record(
        action="rename_template", target=template, now=now, user=user, before={"name": before},
        after={"name": name},
    )  # fmt: skip


def dress_anew(*, now: datetime, user: User | None) -> int:
    """Give each template that is in use a new version in the brand's present looks; about 10 ms each.

    Returns how many. What cannot be compiled any more is left as it is, and so are documents made
    elsewhere.
    """
    done = 0
    for template in Template.objects.filter(archived_at=None, channel=Medium.EMAIL):
        newest = template.versions.first()
        if newest is None or any(block.get("kind") == "html" for block in newest.blocks):
            continue
        draft, ahead = template.draft, is_ahead(template, newest)
        try:
            add_version(
                template, subject=newest.subject, preheader=newest.preheader, blocks=newest.blocks,
                locale=newest.locale, translations=newest.translations, note=_("The brand changed"),
                now=now, user=user,
            )  # fmt: skip
        except TemplateInvalid:
            continue
        if ahead:
            Template.objects.filter(pk=template.pk).update(draft=draft)
        done += 1
    return done


def is_ahead(template: Template, newest: TemplateVersion | None) -> bool:
    """Say whether the draft says something that no version says yet."""
    if template.draft is None:
        return False
    return newest is None or template.draft != draft_of(newest)


def draft_of(version: TemplateVersion) -> dict[str, Any]:
    """Return a version as a draft."""
    return Wording(
        version.subject, version.blocks, version.preheader, version.locale, version.translations
    ).draft
