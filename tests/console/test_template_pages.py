"""The pages of messages: bad input gets a sentence, previews run nothing, uses and archive are shown."""

from datetime import UTC, datetime

import orjson
import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEntry, User
from campaigns.actions import create_campaign
from campaigns.content import services
from campaigns.content.drafts import draft
from campaigns.content.models import Template
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = {"kind": "text", "id": "a", "text": "Hello {{ customer.first_name }}"}


@pytest.fixture
def template():
    return services.create_template(name="Spring", subject="Hi", blocks=[TEXT], now=NOW).template


@pytest.fixture
def client():
    client = Client(raise_request_exception=True)
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "x"))
    return client


def ask(client, template, what, body):
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return client.post(f"/admin/templates/{template.pk}/{what}/", data, content_type="application/json")


@pytest.mark.parametrize("what", ["draft", "save", "preview", "test", "rename"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"[" * 5000, {}, {"draft": 5}, {"draft": {"blocks": 5}},
        {"draft": {"subject": 5, "blocks": []}, "revision": "x"}, {"name": None},
        {"draft": {"blocks": [None, {"kind": []}], "subject": "", "preheader": "", "locale": 5}},
        {"draft": {"blocks": [{"kind": "text", "text": "\x00"}], "translations": {"../x": 1}}},
        {"draft": {"blocks": [{"kind": "text", "text": "{{"}], "subject": "{% if"}},
        {"draft": {"blocks": [{"kind": "conditional", "when": [], "blocks": {}}], "subject": "x"}},
        {"draft": {"blocks": [{"kind": "columns", "columns": [5, None]}], "subject": "x"}},
        {"draft": {"blocks": [TEXT], "subject": "x"}, "customer": 99, "to": "nobody", "revision": 1},
        {"draft": {"blocks": [TEXT], "subject": "x", "translations": {"de": {"blocks": {"a": 5}}}}, "to": []},
    ],
)  # fmt: skip
def test_what_cannot_be_read_gets_a_sentence(client, template, what, body):
    answer = ask(client, template, what, body)
    if isinstance(body, bytes):
        assert answer.status_code == 400
    if answer.status_code != 200:
        assert isinstance(body, bytes) or answer.status_code in (409, 422)
        assert answer.json()["message"]
    assert template.versions.count() in (1, 2)


def test_the_preview_runs_nothing_and_names_the_block_of_a_mistake(client, template):
    content = draft(template)
    found = ask(client, template, "preview", {"draft": content, "customer": "stranger"}).json()
    frame = client.get(found["frame"])
    assert "Hello " in frame.content.decode()
    assert frame["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert 'id="rp-a"' in frame.content.decode()
    assert 'id="rp-a"' not in template.versions.get().html
    other = Client()
    other.force_login(User.objects.create_superuser("bob", "bob@demo.invalid", "x"))
    assert other.get(found["frame"]).status_code == 404
    broken = {**content, "blocks": [{**TEXT, "text": "{{ customer.nickname }}"}]}
    answer = ask(client, template, "preview", {"draft": broken})
    assert (answer.status_code, answer.json()["path"]) == (422, "#a.text")


def test_a_document_that_is_not_utf8_is_refused_with_what_to_do(client):
    def begin(content):
        file = SimpleUploadedFile("a.html", content, "text/html")
        return client.post(
            "/admin/templates/begin/", {"name": "Pasted", "channel": "email", "html": file}, follow=True
        )

    assert "UTF-8" in begin("Größe".encode("latin-1")).content.decode()
    assert not Template.objects.exists()
    begin(b"\xef\xbb\xbfa\r\nb\n")
    assert Template.objects.get().draft["blocks"][0]["html"] == "\ufeffa\r\nb\n"
    assert "already" in begin(b"x").content.decode() or Template.objects.count() == 1


def test_the_gallery_shows_uses_and_keeps_the_archive_apart(client, template):
    create_campaign(user=None, now=NOW, name="C", slug="c", kind="email", content=template.versions.get())
    page = client.get("/admin/templates/").content.decode()
    assert "in 1 campaign" in page
    client.post(f"/admin/templates/{template.pk}/archive/")
    assert "Spring" not in client.get("/admin/templates/?q=Spr").content.decode().partition("cg-filters")[2]
    assert "Spring" in client.get("/admin/templates/?archived=1").content.decode()
    client.post(f"/admin/templates/{template.pk}/unarchive/")
    client.post(f"/admin/templates/{template.pk}/clone/")
    assert set(Template.objects.values_list("name", flat=True)) == {"Spring", "Spring (copy)"}
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"archive_template", "unarchive_template", "clone_template"} <= actions
    assert client.get("/admin/templates/?page=x&channel=%00&q=%00").status_code == 200


def test_a_page_of_the_gallery_takes_as_many_queries_whatever_it_shows(
    client, template, django_assert_max_num_queries
):
    for number in range(20):
        services.create_template(name=f"T{number}", subject="Hi", blocks=[TEXT], now=NOW)
    client.get("/admin/templates/")
    with django_assert_max_num_queries(14):
        client.get("/admin/templates/")


def test_who_comes_from_a_campaign_goes_back_to_it_with_what_they_wrote(client, template):
    campaign = create_campaign(user=None, now=NOW, name="Sale", slug="c", kind="email")
    back, step = f"?campaign={campaign.pk}", f"/admin/campaigns/{campaign.pk}/plan/content/"
    for path in ("/admin/templates/", f"/admin/templates/{template.pk}/"):
        assert f'data-back href="{step}"' in client.get(path + back).content.decode()
        for other in ("", "?campaign=x", f"?campaign={template.pk}"):
            assert "data-back" not in client.get(path + other).content.decode()
    begun = client.post(f"/admin/templates/begin/{back}", {"name": "New", "channel": "email"})
    assert begun.headers["Location"].endswith(f"/{back}")

    wording, use = draft(template), f"save/{back}"
    said = ask_at(client, template, use, {"draft": wording, "revision": 1, "use": True})
    assert said == {"version": 1, "revision": 1, "url": step}  # it says the same: no new version
    wording["blocks"][0]["text"] = "Other words"
    assert ask_at(client, template, use, {"draft": wording, "revision": 1})["url"] == ""
    said = ask_at(client, template, use, {"draft": wording, "revision": 2, "use": True})
    campaign.refresh_from_db()
    assert (said["version"], said["url"], campaign.content.number) == (2, step, 2)
    assert AuditEntry.objects.filter(action="change_campaign").count() == 2
    viewer = User.objects.create_user("bob", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="change_template"))
    client.force_login(viewer)
    assert ask_at(client, template, use, {"draft": wording, "revision": 3, "use": True})["url"] == ""
    Campaign.objects.update(state="running")
    assert "data-back" not in client.get(f"/admin/templates/{back}").content.decode()


def ask_at(client, template, path, body):
    answer = client.post(
        f"/admin/templates/{template.pk}/{path}", orjson.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return {"url": "", **answer.json()}


def test_the_brand_is_stored_with_its_picture_or_refused_with_a_sentence(client):
    good = {
        "accent": "#7c3aed", "ink": "#111111", "paper": "#ffffff", "ground": "#eeeeee", "font": "georgia",
        "heading_font": "georgia", "radius": "12", "logo_width": "120", "footer": "", "address": "1 Way",
        "revision": "0", "network": ["instagram", "x"], "url": ["https://instagram.com/shop", ""],
    }  # fmt: skip
    for wrong in ({"accent": "red"}, {"radius": "99"}, {"url": ["javascript:x", ""]}, {"font": "comic"}):
        assert client.post("/admin/brand/", good | wrong).status_code == 422
    logo = SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(30), "image/png")
    assert client.post("/admin/brand/", good | {"logo_file": logo}).status_code == 302
    assert client.post("/admin/brand/", good).status_code == 422  # of an older revision
    page = client.get("/admin/brand/").content.decode()
    assert "instagram.com/shop" in page
    assert "/p/" in page
    sample = client.get("/admin/brand/sample/?accent=%23aa0000&font=comic&radius=x").content.decode()
    assert "#aa0000" in sample
    assert client.post("/admin/brand/dress/").status_code == 302
