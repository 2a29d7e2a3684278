"""Who people are: identify, alias and group, and what their traits become."""

import gzip
import json
from datetime import UTC, datetime

from core import clock
from customers.models import Customer
from events.models import Event
from tests.factories.customers import make_customer
from tests.integrations.segment_calls.calls import PRODUCT, rows, track

PEOPLE = [
    {
        "type": "identify",
        "userId": "019mr8mf4r",
        "traits": {"email": "jake@yahoo.example", "name": "Jake Peterson", "age": 26},
        "timestamp": "2012-12-02T00:30:08.276Z",
    },
    {
        "type": "track",
        "userId": "019mr8mf4r",
        "event": "Song Played",
        "properties": {"name": "A song", "artist": "An artist"},
        "timestamp": "2012-12-02T00:30:12.984Z",
        "messageId": "s1",
    },
    {
        "type": "identify",
        "userId": "971mj8mk7p",
        "traits": {"email": "cindy@example.com", "first_name": "Cindy", "lastName": "Gonzalez", "age": 23},
        "timestamp": "2015-2-02T00:30:08.276Z",
    },
]


def people():
    return {
        c.external_id: (c.first_name, c.last_name, c.email, c.attributes, c.is_stub)
        for c in Customer.objects.all()
    }


def test_a_batch_tells_who_people_are_and_what_they_did(server):
    body = {"batch": PEOPLE, "context": {"device": {"type": "phone"}, "locale": "de-DE"}}
    assert server.post("batch", body).json() == {"success": True}
    assert people() == {
        "019mr8mf4r": ("Jake", "Peterson", "jake@yahoo.example", {"age": 26}, False),
        "971mj8mk7p": ("Cindy", "Gonzalez", "cindy@example.com", {"age": 23}, False),
    }
    event = Event.objects.get()
    assert event.properties["context"] == {"locale": "de-DE"}
    assert event.occurred_at == datetime(2012, 12, 2, 0, 30, 12, 984000, tzinfo=UTC)


def test_the_key_may_stand_in_the_body_and_the_body_be_gzipped(server):
    body = {"batch": PEOPLE, "writeKey": server.text, "sentAt": clock.now().isoformat()}
    answer = server.client.generic(
        "POST",
        "/v1/batch",
        gzip.compress(json.dumps(body).encode()),
        "application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 200
    assert Customer.objects.count() == 2


def test_traits_are_added_to_what_is_known(server):
    make_customer("c1", first_name="Ada", attributes={"size": "M"})
    server.post("identify", {"userId": "c1", "traits": {"plan": "premium", "address": {"country": "DE"}}})
    customer = Customer.objects.get()
    assert customer.first_name == "Ada"
    assert customer.attributes == {"size": "M", "plan": "premium", "address": {"country": "DE"}}
    assert customer.country == "DE"


def test_a_wrong_trait_does_not_keep_out_the_others(server):
    body = {
        "userId": "c1",
        "traits": {"email": "nonsense", "firstName": "Ada", "birthday": "1990-12-31T00:00:00Z"},
    }
    answer = server.post("identify", body).json()
    assert answer["success"] is True
    assert list(answer["ignored"][0]["errors"]) == ["email"]
    customer = Customer.objects.get()
    assert (customer.first_name, customer.birthday, customer.email) == ("Ada", "1990-12-31", None)


def test_what_a_visitor_did_becomes_the_customers(server):
    server.post("track", track("Product Viewed", PRODUCT, userId=None, anonymousId="a1"))
    assert rows()[0][3] is None
    server.post("identify", {"userId": "c1", "anonymousId": "a1", "messageId": "i1"})
    assert rows()[0][3] == "c1"
    server.post("track", track("Later", messageId="m2", userId=None, anonymousId="a1"))
    assert [row[3] for row in rows()] == ["c1", "c1"]


def test_alias_joins_too(server):
    server.post("track", track("Before", userId=None, anonymousId="39239"))
    server.post("alias", {"previousId": "39239", "userId": "c1"})
    assert rows()[0][3] == "c1"


def test_a_group_is_kept(server):
    server.post("group", {"userId": "c1", "groupId": "8e9d", "traits": {"name": "Initech"}, "messageId": "g"})
    event = Event.objects.get()
    assert event.type == "custom"
    assert event.properties == {"name": "Group", "group_id": "8e9d", "traits": {"name": "Initech"}}
