"""Drafts, the brand and pictures: nobody writes over what they have not seen."""

import threading
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from campaigns.content import services
from campaigns.content.brand import (
    ChangedMeanwhileError,
    brand_kit,
    picture_url,
    save_brand,
    store_picture,
    weak_contrasts,
)
from campaigns.content.colours import contrast, readable
from campaigns.content.drafts import draft, save_draft
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.mail.look import FONTS
from campaigns.content.models import BrandKit, Picture, Template

NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)
TEXT = {"kind": "text", "id": "a", "text": "Hello"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def make(name="T", **fields):
    return services.create_template(name=name, subject="Hi", blocks=[TEXT], now=NOW, **fields).template


@pytest.mark.django_db
def test_a_draft_may_be_wrong_but_is_never_written_over():
    template = make()
    half = {**draft(template), "subject": "{{ customer.", "blocks": []}
    assert save_draft(template, half, revision=1, now=NOW) == 2
    with pytest.raises(ChangedMeanwhileError):
        save_draft(template, {**half, "subject": "other"}, revision=1, now=NOW)
    template.refresh_from_db()
    assert (template.draft["subject"], template.revision) == ("{{ customer.", 2)
    with pytest.raises(ChangedMeanwhileError):
        services.add_version(template, subject="x", blocks=[TEXT], revision=1, now=NOW)
    assert template.versions.count() == 1
    with pytest.raises(TemplateInvalid):
        save_draft(template, {"subject": "x"}, revision=2, now=NOW)
    with pytest.raises(TemplateInvalid):
        save_draft(template, {**half, "subject": "x" * 2_000_000}, revision=2, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_rivals_with_one_revision_exactly_one_wins():
    template = make()
    start, results = threading.Barrier(6), []

    def write(number):
        start.wait()
        try:
            save_draft(template, {**draft(template), "subject": str(number)}, revision=1, now=NOW)
            results.append(number)
        except ChangedMeanwhileError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    template.refresh_from_db()
    assert len(results) == 1
    assert (template.draft["subject"], template.revision) == (str(results[0]), 2)


@pytest.mark.django_db
def test_cloning_archiving_and_renaming_leave_a_trace():
    template = make()
    copy = services.clone_template(template, now=NOW, user=None)
    again = services.clone_template(template, now=NOW, user=None)
    assert (copy.name, again.name) == ("T (copy)", "T (copy) 2")
    assert copy.versions.get().html == template.versions.get().html
    services.archive_template(copy, archived=True, now=NOW, user=None)
    services.archive_template(copy, archived=True, now=NOW, user=None)
    with pytest.raises(ValidationError):
        services.rename_template(again, "T", now=NOW, user=None)
    services.rename_template(again, "U", now=NOW, user=None)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == [
        "add_template_version", "clone_template", "clone_template", "archive_template", "rename_template",
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_brand_dresses_new_versions_and_old_ones_stay():
    template = make()
    old = template.versions.get().html
    kit = brand_kit()
    kit.accent, kit.font, kit.address = "#7c3aed", "georgia", "2 New Street"
    kit.full_clean()
    save_brand(kit, revision=0, now=NOW, user=None)
    with pytest.raises(ChangedMeanwhileError):
        save_brand(kit, revision=0, now=NOW, user=None)
    save_draft(template, {**draft(template), "subject": "in work"}, revision=1, now=NOW)
    template.refresh_from_db()
    assert services.dress_anew(now=NOW, user=None) == 1
    newest, first = template.versions.all()
    assert first.html == old
    assert "Georgia" in newest.html
    template.refresh_from_db()
    assert template.draft["subject"] == "in work"
    assert set(BrandKit.Font.values) == set(FONTS)


def test_colours_that_cannot_be_read_are_named():
    assert round(contrast("#ffffff", "#000000"), 1) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert contrast(readable("#fde047", "#ffffff"), "#ffffff") >= 4.5
    assert weak_contrasts(BrandKit()) == []
    assert len(weak_contrasts(BrandKit(ink="#cccccc"))) == 2


@pytest.mark.django_db
def test_pictures_are_kept_once_served_for_ever_and_nothing_else_is_taken():
    picture = store_picture(PNG, name="a.png", now=NOW, user=None)
    assert store_picture(PNG, name="b.png", now=NOW, user=None).pk == picture.pk
    path = picture_url(picture).partition("://")[2].partition("/")[2]
    answer = Client().get(f"/{path}")
    assert (answer.content, answer["Content-Type"]) == (PNG, "image/png")
    assert "immutable" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    for bad in (b"<svg onload=x>", b"RIFF0000WEBPVP8 ", b"\xff\xd8\xff" + bytes(Picture.MOST_BYTES), b""):
        with pytest.raises(TemplateInvalid):
            store_picture(bad, name="x", now=NOW, user=None)
    assert Client().get(f"/{path.replace('.png', '.gif')}").status_code == 404
    assert Template.objects.count() == 0
