"""Empty lists: each says what it is and has a button that works for those who may press it, and no other."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Job, User
from console.empties import EMPTIES
from core import clock


def test_they_are_of_lists_that_there_are_and_their_buttons_lead_somewhere():
    known = {model._meta.label_lower for model in admin.site._registry}
    assert set(EMPTIES) <= known
    for label, empty in EMPTIES.items():
        assert reverse(f"admin:{empty.url}"), label
        assert len(str(empty.text)) > 40, label


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_every_empty_list_opens_and_its_button_too(db, role):
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    pressed = {}
    for label, empty in EMPTIES.items():
        app, model = label.split(".")
        answer = client.get(reverse(f"admin:{app}_{model}_changelist"))
        if answer.status_code == 403:
            continue
        page = answer.content.decode()
        if answer.context["cl"].result_count:
            continue  # comes with the product
        assert str(empty.heading) in page, label
        url = reverse(f"admin:{empty.url}")
        button = f'<a class="st-btn p" href="{url}">' in page
        assert button is user.has_perm(empty.permission), label
        if button:
            pressed[url] = client.get(url).status_code
    assert set(pressed.values()) <= {200}, pressed
    assert len(pressed) >= (8 if role == "admin" else 4)


def test_a_filter_that_nothing_fits_is_no_empty_list(db, admin_client):
    page = admin_client.get("/admin/customers/customer/?q=nobody").content.decode()
    assert "Nothing fits" in page
    assert "No customers yet" not in page
    assert "No customers yet" in admin_client.get("/admin/customers/customer/").content.decode()


def test_the_pills_of_a_list_have_their_colours_in_every_language(client, db):
    Job.objects.create(kind="train", title="Train", state=Job.State.FAILED, created_at=clock.now())
    client.force_login(User.objects.create_superuser("paula"))
    pages = []
    for language in ("en", "zh-hans"):
        client.cookies["django_language"] = language
        with override("en"):  # the request leaves its language to the thread
            pages.append(client.get("/admin/accounts/job/").content.decode())
    assert [page.count("bg-red-100") for page in pages] == [pages[0].count("bg-red-100")] * 2
    assert pages[0].count("bg-red-100") > 0
