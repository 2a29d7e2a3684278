"""What tests of the wizard share: who signs in, what is changed, and what its pages answer."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from campaigns import actions
from core import clock
from segments.services import ensure_ready_made
from tests.factories.campaigns import make_lists, make_products
from tests.factories.delivery import make_customers


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def people(now):
    ensure_ready_made(now=now)
    people = make_customers(12, now=now)
    make_lists("popularity", make_products(6, now=now), people, now=now, champion=True)
    return people


def sign_in(role: str, name: str = "") -> Client:
    user = User.objects.create_user(name or role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def patch(client, campaign, version, **fields):
    return client.patch(
        f"/admin/campaigns/{campaign.pk}/plan/",
        {"version": version, "fields": fields},
        content_type="application/json",
    )


def live(client, campaign, step, **ask) -> str:
    answer = client.get(f"/admin/campaigns/{campaign.pk}/plan/{step}/live/", ask)
    assert answer.status_code == 200
    return answer.content.decode()


def compare(draft, arms, now, metric="conversion") -> None:
    actions.plan_test(
        draft, user=None, now=now, arms=arms, holdout_share=0, test_share=None, metric=metric,
        decide_after_days=7,
    )  # fmt: skip
    draft.refresh_from_db()


def framed(client, shown) -> str:
    """Return the mail that the page's frame shows."""
    return client.get(re.search(r'src="(/admin/[^"]+)"', shown)[1]).content.decode()
