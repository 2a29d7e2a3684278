"""What was archived, switched off or removed is taken back from the message, with the rights it asks for."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from campaigns.content.models import Template
from campaigns.content.starters import ensure_starter_templates
from campaigns.promotions.models import Promotion
from segments.models import Segment
from segments.services import save_segment
from tests.factories.accounts import NOW


def client_of(role):
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.get("/admin/notices/")
    return client


def press(client, path):
    """Post as a page's form does, and return the answer's form of undoing as (address, fields)."""
    # Any page with a form gives the token; the list of segments has one.
    token = client.get("/admin/segments/segment/").context["csrf_token"]
    page = client.post(path, {"csrfmiddlewaretoken": str(token)}, follow=True)
    form = re.search(r'<form class="st-undo".*?</form>', page.content.decode(), re.S)
    if form is None:
        return None
    address = re.search(r'action="([^"]+)"', form[0])[1]
    return address, {k: unescape(v) for k, v in re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])}


@pytest.fixture
def admin(db):
    return client_of("admin")


def test_a_template_comes_back_from_the_archive(admin):
    ensure_starter_templates(NOW)
    template = Template.objects.first()
    address, fields = press(admin, f"/admin/templates/{template.pk}/archive/")
    template.refresh_from_db()
    assert template.archived_at is not None
    assert admin.post(address, {}).status_code == 403  # its form carries the token
    assert admin.post(address, fields).status_code == 302
    template.refresh_from_db()
    assert template.archived_at is None


def test_a_promotion_is_on_again(admin):
    offer = Promotion.objects.create(
        slug="tea", name="Tea", benefit={"kind": "percent", "percent": "10"}, currency="USD", created_at=NOW
    )
    address, fields = press(admin, f"/admin/offers/{offer.pk}/deactivate/")
    offer.refresh_from_db()
    assert not offer.active
    admin.post(address, fields)
    offer.refresh_from_db()
    assert offer.active


class TestSegments:
    """A removed segment is made again: same address, same rule."""

    @pytest.fixture
    def segment(self, db):
        rule = {"field": "profile.orders", "op": "gte", "value": 3}
        made = Segment(name="Regulars <3", description="Three orders", rule={"all": [rule]})
        return save_segment(made, now=NOW)

    def test_it_is_back_with_its_address_and_rule(self, admin, segment):
        address, fields = press(admin, f"/admin/segments/{segment.pk}/delete/")
        assert not Segment.objects.filter(pk=segment.pk).exists()
        admin.post(address, fields)
        back = Segment.objects.get(pk=segment.pk)
        assert (back.slug, back.name, back.description) == (segment.slug, segment.name, segment.description)
        assert back.rule == segment.rule
        before = Segment.objects.count()
        admin.post(address, fields)  # pressed twice
        assert Segment.objects.count() == before

    def test_nothing_else_is_made_by_it(self, admin, segment):
        address, fields = press(admin, f"/admin/segments/{segment.pk}/delete/")
        before = Segment.objects.count()
        admin.post(address, fields | {"kept": fields["kept"][:-2] + "xx"})
        admin.post(address, fields | {"kept": ""})
        assert Segment.objects.count() == before
        viewer = client_of("viewer")
        token = str(viewer.get("/admin/segments/segment/").context["csrf_token"])
        assert viewer.post(address, fields | {"csrfmiddlewaretoken": token}).status_code == 403
        assert Segment.objects.count() == before
