"""Personas, lifecycle, classes and what is known: exact figures, segments that hold them, by whom."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts import jobs
from accounts.models import AuditEntry, Job
from console.people import sankey, tree
from console.people.sankey import Link
from console.people.states import ORDER
from core.clock import parse_moment
from profiles import flows, selectors
from profiles.models import Clustering, CustomerProfile, Persona, SalePeriod
from profiles.services import build_profiles, cluster_customers, rename_persona
from profiles.studies import study
from recommender.profiling.lifecycle import PROSPECT
from segments.models import Segment, SegmentMembership
from tests.console.test_people import rules_in, sign_in, size
from tests.factories.histories import Shop
from tests.profiles.conftest import AS_OF
from tests.profiles.test_studies import busy

__all__ = ["busy"]
SENSELESS = [
    ({"before": "2024-06-01", "after": "2024-05-01"}, "must lie before"),
    ({"before": "2024-06-01", "after": "2034-05-01"}, "has not come yet"),
    ({"before": "x", "after": "2024-05-01"}, "Give both days"),
]


@pytest.fixture
def shop(db, settings):
    settings.SHOP_AS_OF = AS_OF.isoformat()
    return Shop(AS_OF)


@pytest.fixture
def known(busy):
    """The busy shop with profiles, personas and studies."""
    build_profiles(as_of=AS_OF, now=AS_OF)
    cluster_customers(as_of=AS_OF, now=AS_OF)
    study(as_of=AS_OF, now=AS_OF)
    return busy


def linked(page, label):
    """Return the rule of the link that is said to be for `label`."""
    pattern = (
        rf'href="([^"]*\?rule=[^"]*)"[^>]*>(?:<span[^>]*>[^<]*</span>)?[^<]*<span class="sr-only"> {label}<'
    )
    return json.loads(parse_qs(urlsplit(unescape(re.search(pattern, page)[1])).query)["rule"][0])


def test_each_persona_is_told_in_figures_and_is_its_segment(known):
    answer = sign_in("marketer").get("/admin/people/personas/")
    cards = answer.context["cards"]
    assert sum(card.figures.people for card in cards) == 160
    assert sum(card.figures.share for card in cards) == pytest.approx(1)
    assert sum(card.figures.revenue_share for card in cards) == pytest.approx(1)
    assert sum(card.figures.revenue for card in cards) == sum(
        CustomerProfile.objects.values_list("revenue", flat=True)
    )
    assert len({card.colour for card in cards}) == len(cards)
    page = answer.content.decode()
    assert [size(rule) for rule in rules_in(page)] == [card.figures.people for card in cards]
    # The bars are means of the people in it, against everybody's.
    first = cards[0]
    recency = next(bar for bar in first.figures.bars if bar.feature == "recency_days")
    own = CustomerProfile.objects.filter(persona=first.persona).values_list("recency_days", flat=True)
    everybody = CustomerProfile.objects.filter(orders__gt=0).values_list("recency_days", flat=True)
    assert recency.mean == pytest.approx(sum(own) / len(own))
    assert recency.everybody == pytest.approx(sum(everybody) / len(everybody))
    assert (recency.deviation > 0) is (recency.mean > recency.everybody)
    # What was tried is shown with what was chosen.
    assert [one["k"] for one in answer.context["tried"] if one["chosen"]] == [len(cards)]
    assert rules_in(sign_in("viewer").get("/admin/people/personas/").content.decode()) == []


def test_a_name_is_given_once_audited_and_survives_a_refit(known):
    persona = Persona.objects.order_by("number").first()
    path = f"/admin/people/personas/{persona.pk}/name/"
    assert sign_in("viewer").post(path, {"name": "Mine"}).status_code == 403
    assert not Persona.objects.filter(name_edited=True).exists()
    client = sign_in("marketer")
    for _twice in range(2):
        answer = client.post(path, {"name": "  Weekend   cooks "})
        assert answer.url == f"/admin/people/personas/#persona-{persona.number}"
    entry = AuditEntry.objects.get(action="rename_persona")
    assert (entry.user.username, entry.after["name"]) == ("marketer", "Weekend cooks")
    cluster_customers(as_of=AS_OF, now=AS_OF)
    answer = client.get("/admin/people/personas/")
    assert "Weekend cooks" in answer.content.decode()
    assert answer.context["moved"]["stayed"] == 160
    # An empty name gives the automatic one back; one too long is cut.
    renamed = rename_persona(persona, "", now=AS_OF, user=entry.user)
    assert (renamed.name, renamed.name_edited) == (persona.name, False)
    assert len(rename_persona(persona, "x" * 400, now=AS_OF, user=entry.user).name) == 150


def stages_are_their_segments(client):
    """Hold each stage against the segment of its link, and against the study."""
    answer = client.get("/admin/people/lifecycle/")
    stages = {stage.state: stage for stage in answer.context["stages"]}
    assert tuple(stages) == ORDER
    assert sum(stage.people for stage in stages.values()) == 161
    assert stages[PROSPECT].people == 1
    page = answer.content.decode()
    for stage in stages.values():
        if stage.people:
            assert size(linked(page, stage.name)) == stage.people, stage.state
    now = selectors.latest("lifecycle").content["now"]
    assert {state: stages[state].people for state in now} == now


def test_a_stage_is_its_segment_and_a_flow_a_list_of_these_very_people(known):
    viewer, client = sign_in("viewer"), sign_in("marketer")
    known.customer("never")
    build_profiles(as_of=AS_OF, now=AS_OF)
    stages_are_their_segments(client)
    before, after = (AS_OF - timedelta(days=60)).date(), AS_OF.date()
    days = {"before": before.isoformat(), "after": after.isoformat()}
    page = "/admin/people/lifecycle/"
    assert "not compared yet" in client.get(page, days).content.decode()
    # Asked for twice, it is counted once; the page waits for it.
    for _twice in range(2):
        assert client.post(f"{page}compare/", days).status_code == 302
    job = Job.objects.get(kind="flows")
    assert client.get(f"{page}counting/", days).content == b"0%"
    jobs.run(job)
    assert client.get(f"{page}counting/", days)["HX-Refresh"] == "true"
    answer = client.get(page, days)
    assert answer.context["whole"] == 160
    client.post(f"{page}compare/", days)
    assert Job.objects.filter(kind="flows").count() == 1
    link = next(link for link, *_rest in answer.context["links"] if link.left != link.right)
    wanted = {**days, "left": link.left, "right": link.right}
    assert viewer.post(f"{page}list/", wanted).status_code == 403
    assert not Segment.objects.filter(kind="static").exists()
    client.post(f"{page}list/", wanted)
    filling = Job.objects.get(kind="flow_list")
    jobs.run(filling)
    segment = Segment.objects.get(kind="static")
    filling.refresh_from_db()
    assert (segment.size, filling.result["people"]) == (link.people, link.people)
    assert filling.result_url == f"/admin/segments/{segment.pk}/"
    moments = (parse_moment(filling.parameters[side]) for side in ("before", "after"))
    people = flows.who_went(*moments, link.left, link.right)
    members = SegmentMembership.objects.filter(segment=segment, left_at=None)
    assert sorted(members.values_list("customer_id", flat=True)) == people
    assert AuditEntry.objects.filter(action="segment.list_add", user__username="marketer").exists()
    jobs_before = Job.objects.count()
    for days, words in SENSELESS:
        client.post(f"{page}compare/", days)
        assert words in client.get(page, days).content.decode()
        assert client.get(f"{page}counting/", days).status_code == 286
    assert Job.objects.count() == jobs_before


def test_ribbons_meet_the_bars_they_come_from():
    links = [Link("new", "active", 30), Link("new", "lapsed", 10), Link("active", "lapsed", 20)]
    picture = sankey.draw(links, ORDER)
    assert [(node.state, node.people) for node in picture.before] == [("new", 40), ("active", 20)]
    assert [(node.state, node.people) for node in picture.after] == [("active", 30), ("lapsed", 30)]
    new = picture.before[0]
    widths = {(r.link.left, r.link.right): r.width for r in picture.ribbons}
    assert widths["new", "active"] + widths["new", "lapsed"] == pytest.approx(new.height)
    assert widths["new", "active"] == pytest.approx(3 * widths["new", "lapsed"])
    starts = [float(re.match(r"M\d+ ([\d.]+)", r.path)[1]) for r in picture.ribbons]
    assert all(new.y < y < new.y + new.height for y in starts[:2])
    bottom = max(node.y + node.height for node in picture.before + picture.after)
    assert bottom <= picture.height
    assert sankey.draw([], ORDER).ribbons == []


def test_each_class_and_rule_is_the_segment_of_its_people(known):
    answer = sign_in("marketer").get("/admin/people/classes/")
    page, found = answer.content.decode(), answer.context["found"]
    assert sum(group.people for group in answer.context["groups"]) == 160
    for group in answer.context["groups"]:
        assert (group.people, group.url != "") == (found["now"].get(group.name, 0), True)
        if group.people:
            assert size(linked(page, group.label)) == group.people, group.name
    assert "Nothing tells surely better" in page or "Better than the plain rules" in page
    boxes = answer.context["picture"].boxes
    assert len(boxes) == len(found["tree"])
    leaves = [box for box in boxes if not box.feature]
    assert sum(box.people for box in leaves) == sum(path.people for path in answer.context["paths"])
    assert len({(box.x, box.y) for box in boxes}) == len(boxes)


def test_a_tree_of_one_leaf_is_drawn():
    node = {"id": 0, "depth": 0, "customers": 4, "counts": {"lost": 4}, "label": "lost"}
    picture = tree.draw([node])
    assert ([box.purity for box in picture.boxes], picture.branches) == ([1.0], [])


def test_what_is_known_and_what_is_missing(shop):
    page = sign_in("viewer").get("/admin/people/known/").content.decode()
    assert "Nothing is known yet" in page and "Know the customers anew" not in page
    shop.event(shop.customer("alice"), 3)
    client = sign_in("marketer")
    assert "Orders are there: build the profiles." in client.get("/admin/people/known/").content.decode()
    build_profiles(as_of=AS_OF, now=AS_OF)
    study(as_of=AS_OF, now=AS_OF)
    SalePeriod.objects.create(name="Summer", starts_on="2024-05-01", ends_on="2024-05-07")
    answer = client.get("/admin/people/known/")
    page = answer.content.decode()
    assert "Personas need 50 customers who bought; there are 1." in page
    assert "The lifecycle needs 56 days of history; there are 3." in page
    assert "1 sale period entered." in page
    filled = {row.info.name: row.filled for row in answer.context["rows"]}
    assert (filled["orders"], filled["gap_days"], filled["interests"]) == (1.0, 0.0, 0.0)
    assert len(filled) == len(selectors.profile_fields())


def test_each_work_is_one_job_with_its_audit_for_those_who_may(db):
    for kind in ("know", "cluster", "study"):
        assert sign_in(f"viewer-{kind}").post(f"/admin/people/work/{kind}/").status_code == 403
    assert not Job.objects.exists()
    client = sign_in("marketer")
    for kind in ("know", "cluster", "study"):
        first, second = (client.post(f"/admin/people/work/{kind}/") for _twice in range(2))
        job = Job.objects.get(kind=kind)
        assert first.url == second.url == f"/admin/jobs/{job.pk}/"
        assert AuditEntry.objects.filter(object_id=str(job.pk), user__username="marketer").count() == 1
    assert Job.objects.get(kind="know").result_url == "/admin/people/known/"
    assert client.post("/admin/people/work/profile/").status_code == 404


def test_empty_pages_say_what_they_will_be(db):
    client = sign_in("viewer")
    for name in ("personas", "lifecycle", "classes"):
        page = client.get(f"/admin/people/{name}/").content.decode()
        assert "Import past orders" in page, name
    assert not Clustering.objects.exists()
