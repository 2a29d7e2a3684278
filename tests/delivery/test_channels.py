"""One contract for all channels and all providers: what is answered, and what is never sent."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.encryption import keyed_hash
from customers.models import Customer
from delivery.channels import channels
from delivery.channels.base import Outgoing, Verdict
from delivery.endpoints.devices import register
from delivery.models import OnsiteMessage, Provider, ProviderHour, PushToken, ReceivedMessage, StaffTask
from delivery.providers.kinds import kinds
from delivery.sources import Rendered
from tests.delivery.providers import serve

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT = Rendered(
    subject="Grüße 🎁 你好",
    text="Für dich: 10 % 🎁 مرحبا",
    html="<p>Für dich</p>",
    from_email="Shop <shop@example.com>",
    template="SMS_1",
    variables={"name": "Zoë", "code": "42"},
    signature="商店",
    url="https://shop.example/a?b=1&c=2",
    data={"cart": [1, 2]},
)


def fcm_account(url):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "project_id": "shop",
            "client_email": "rapport@shop.example",
            "private_key": pem.decode(),
            "token_uri": f"{url}/token",
        }
    )


def aliyun(code):
    return 200, {}, {"Code": code, "Message": "", "BizId": "biz-1", "RequestId": "r"}


def tencent(code):
    return 200, {}, {"Response": {"SendStatusSet": [{"Code": code, "SerialNo": "serial-1"}]}}


def fcm(status, code=""):
    def answer(path, headers, body):
        if path == "/token":
            return 200, {}, {"access_token": "abc"}
        error = {"error": {"code": status, "details": [{"@type": "FcmError", "errorCode": code}]}}
        return (200, {}, {"name": "projects/shop/messages/1"}) if status == 200 else (status, {}, error)

    return answer


def always(*answer):
    return lambda path, headers, body: answer


def postmark(code):
    def answer(path, headers, body):
        mails = json.loads(body)
        assert path == "/email/batch" if isinstance(mails, list) else "/email"
        entries = [
            {
                "ErrorCode": code,
                "Message": "OK"
                if code == 0
                else f"Found inactive addresses: {m['To']}. Inactive recipients …",
                "MessageID": f"pm-{i}",
                "To": m["To"],
            }
            for i, m in enumerate(mails if isinstance(mails, list) else [mails])
        ]
        return 200, {}, entries if isinstance(mails, list) else entries[0]

    return answer


WAIT = always(429, {"Retry-After": "7"}, {})
#: kind → its settings, answers for: taken, refused for ever, later
KINDS = {
    "email-mailgun": (
        lambda url: {"api_key": "k", "sender_domain": "example.com", "api_url": url},
        always(200, {}, {"id": "<1@mailgun>", "message": "Queued. Thank you."}),
        always(400, {}, {"message": "'to' parameter is not a valid address"}),
        WAIT,
    ),
    "email-postmark": (lambda url: {"server_token": "k", "api_url": url}, postmark(0), postmark(406), WAIT),
    "email-resend": (
        lambda url: {"api_key": "k", "api_url": url},
        lambda path, headers, body: (
            (200, {}, {"data": [{"id": f"re-{i}"} for i, _ in enumerate(json.loads(body))]})
            if path == "/emails/batch"
            else (200, {}, {"id": "re-1"})
        ),
        always(422, {}, {"message": "Invalid `to` field"}),
        WAIT,
    ),
    "sms-http": (
        lambda url: {"url": f"{url}/send", "token": "t"},
        always(200, {}, {"id": "gw-1"}),
        always(400, {}, {}),
        WAIT,
    ),
    "sms-aliyun": (
        lambda url: {
            "access_key_id": "i", "access_key_secret": "s", "signature": "商店", "endpoint": url,
        },
        always(*aliyun("OK")),
        always(*aliyun("isv.MOBILE_NUMBER_ILLEGAL")),
        always(*aliyun("isv.BUSINESS_LIMIT_CONTROL")),
    ),
    "sms-tencent": (
        lambda url: {
            "secret_id": "i", "secret_key": "s", "app_id": "1", "signature": "店", "endpoint": url,
        },
        always(*tencent("Ok")),
        always(*tencent("FailedOperation.SignatureIncorrectOrUnapproved")),
        always(*tencent("LimitExceeded.PhoneNumberDailyLimit")),
    ),
    "push-fcm": (
        lambda url: {"service_account": fcm_account(url), "endpoint": url},
        fcm(200),
        fcm(404, "UNREGISTERED"),
        fcm(429, "QUOTA_EXCEEDED"),
    ),
    "webhook": (
        lambda url: {"url": f"{url}/in?x=1", "secret": "s"},
        always(204, {}, b""),
        always(410, {}, {}),
        WAIT,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.DELIVERY_HTTP_SECONDS = 0.5
    settings.IS_DEMO = False


@pytest.fixture
def customer(now):
    ada = Customer.objects.create(
        external_id="ada/1 é",
        email="ada@demo.invalid",
        phone="+8613800138000",
        created_at=NOW,
        updated_at=NOW,
    )
    register(ada.pk, "device-token", "ios", now=NOW)
    return ada


def outgoing(customer, channel, *, key=1, content=CONTENT, test=False):
    return Outgoing(
        key=key,
        message_id=f"<{key:032x}@example.com>",
        address=channels.get(channel).addresses([customer])[customer.pk],
        content=content,
        unsubscribe_url="https://shop.example/u/abc",
        date=NOW,
        run_id=None if test else uuid4(),
        customer_id=customer.pk,
    )


def provide(kind, url, **fields):
    provider = Provider(
        name=fields.pop("name", kind), channel=kinds.get(kind).channel, kind=kind, created_at=NOW,
        updated_at=NOW, **fields,
    )  # fmt: skip
    provider.configuration = KINDS[kind][0](url)
    provider.save()
    return provider


def send(channel, *messages):
    with channels.get(channel).connect() as connection:
        return list(connection.send(messages))


@pytest.mark.parametrize("kind", KINDS)
def test_a_provider_takes_refuses_and_postpones(kind, customer):
    channel = kinds.get(kind).channel
    _, taken, refused, later = KINDS[kind]
    script = {"answer": taken}
    with serve(lambda *call: script["answer"](*call)) as server:
        provide(kind, server.url)
        sent = send(channel, *(outgoing(customer, channel, key=n) for n in (1, 2, 3)))
        assert [(o.key, o.verdict, o.error) for o in sent] == [(n, Verdict.SENT, "") for n in (1, 2, 3)]
        # The content arrives as it was meant, whatever the provider's way of writing it.
        bodies = b"".join(path.encode() + body for path, _, body in server.calls)
        assert b"\r\nBcc" not in bodies
        script["answer"] = later
        [postponed] = send(channel, outgoing(customer, channel))
        assert postponed.verdict is Verdict.POSTPONED
        if later is WAIT:
            assert postponed.retry_after == timedelta(seconds=7)
        script["answer"] = refused
        [never] = send(channel, outgoing(customer, channel))
        assert never.verdict is Verdict.REFUSED
    assert "ada" not in never.error
    hour = ProviderHour.objects.get()
    assert (hour.sent, hour.refused, hour.postponed, hour.unknown) == (3, 1, 1, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("hang", Verdict.UNKNOWN),
        ("drop", Verdict.UNKNOWN),
        ((500, {}, {}), Verdict.POSTPONED),
        ((503, {"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}, {}), Verdict.POSTPONED),
        ((401, {}, {}), Verdict.UNTRIED),
        ((200, {}, b"<html>hello"), Verdict.UNKNOWN),
    ],
)
def test_what_goes_wrong_says_whether_the_message_may_have_gone(kind, answer, verdict, customer, monkeypatch):
    monkeypatch.setattr("delivery.channels.email.esp.SECONDS", 0.5)
    channel = kinds.get(kind).channel
    if answer[0] == 200 and kind == "webhook":
        pytest.skip("a receiver's words are not read")

    def behave(path, headers, body):
        return (200, {}, {"access_token": "abc"}) if path == "/token" else answer

    with serve(behave) as server:
        provide(kind, server.url)
        [outcome] = send(channel, outgoing(customer, channel))
    assert outcome.verdict is verdict, outcome
    assert outcome.error
    if answer[0] == 503:
        assert outcome.retry_after == timedelta(minutes=1)


@pytest.mark.parametrize("kind", KINDS)
def test_while_a_provider_is_away_nothing_is_tried_and_the_next_one_takes_over(kind, customer):
    channel = kinds.get(kind).channel
    with serve(KINDS[kind][1]) as server:
        gone = provide(kind, "http://127.0.0.1:9", name="first", priority=1)
        batch = [outgoing(customer, channel, key=n) for n in (1, 2)]
        outcomes = send(channel, *batch)
        assert [o.verdict for o in outcomes] == [Verdict.UNTRIED] * 2
        second = provide(kind, server.url, name="second", priority=2)
        assert [o.verdict for o in send(channel, *batch)] == [Verdict.SENT] * 2
    gone.refresh_from_db()
    assert gone.last_error
    assert ProviderHour.objects.get(provider=second).sent == 2


@pytest.mark.parametrize("channel", ["sms", "push", "webhook", "onsite", "staff"])
def test_what_is_built_in_keeps_the_message_whole(channel, customer, settings):
    settings.DELIVERY_SINKS = True
    [outcome] = send(channel, outgoing(customer, channel))
    assert outcome.verdict is Verdict.SENT
    if channel == "onsite":
        stored = OnsiteMessage.objects.get()
        assert (stored.title, stored.text, stored.url) == (CONTENT.subject, CONTENT.text, CONTENT.url)
    elif channel == "staff":
        assert StaffTask.objects.get().state == "handed_over"
    else:
        stored = ReceivedMessage.objects.get()
        assert (stored.channel, stored.title) == (channel, CONTENT.subject)
        assert "Für dich: 10 % 🎁 مرحبا" in json.dumps(stored.payload, ensure_ascii=False)


@pytest.mark.parametrize("channel", ["sms", "push", "webhook"])
def test_without_provider_and_sink_messages_wait(channel, customer, settings):
    settings.DELIVERY_SINKS = False
    [outcome] = send(channel, outgoing(customer, channel))
    assert outcome.verdict is Verdict.UNTRIED
    assert "No provider" in outcome.error
    assert not ReceivedMessage.objects.exists()


def test_in_the_demo_nothing_leaves_the_machine(customer, settings):
    settings.IS_DEMO = settings.DELIVERY_SINKS = True
    with serve(KINDS["sms-http"][1]) as server:
        provide("sms-http", server.url)
        [outcome] = send("sms", outgoing(customer, "sms"))
    assert outcome.verdict is Verdict.SENT
    assert server.calls == []
    assert ReceivedMessage.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "evil",
    [
        replace(CONTENT, url="javascript:alert(1)"),
        replace(CONTENT, from_email="x@example.com\r\nBcc: victim@example.com"),
        replace(CONTENT, text="\0", subject="\r\nBcc: victim@example.com"),
    ],
)
def test_content_cannot_break_out(kind, evil, customer):
    channel = kinds.get(kind).channel
    with serve(KINDS[kind][1]) as server:
        provide(kind, server.url)
        [outcome] = send(channel, outgoing(customer, channel, content=evil))
    for path, headers, body in server.calls:
        assert not any("victim" in f"{n}{v}" for n, v in headers.items())
        assert "victim" not in path
        assert b"\r\nBcc: victim" not in body
        assert b"javascript:" not in body
    if channel == "email" and "\n" in evil.from_email + evil.subject:
        assert outcome.verdict is Verdict.REFUSED
        assert server.calls == []


def test_a_test_message_leaves_no_figures(customer, settings):
    with serve(KINDS["sms-http"][1]) as server:
        provide("sms-http", server.url)
        [outcome] = send("sms", outgoing(customer, "sms", test=True))
    assert outcome.verdict is Verdict.SENT
    assert not ProviderHour.objects.exists()


def test_weights_share_and_one_connection_serves_many(customer):
    with serve(KINDS["sms-http"][1]) as one, serve(KINDS["sms-http"][1]) as other:
        provide("sms-http", one.url, name="one", weight=3)
        provide("sms-http", other.url, name="other", weight=1)
        with channels.get("sms").connect() as connection:
            for n in range(200):
                assert [o.verdict for o in connection.send([outgoing(customer, "sms", key=n)])] == [
                    Verdict.SENT
                ]
    assert len(one.peers) == len(other.peers) == 1
    assert len(one.calls) + len(other.calls) == 200
    assert 115 <= len(one.calls) <= 185  # 150 ± 5.7 standard deviations


def test_a_dead_device_is_forgotten_and_the_living_one_gets_it(customer):
    register(customer.pk, "living", "android", now=NOW)

    def answer(path, headers, body):
        if path == "/token":
            return 200, {}, {"access_token": "abc"}
        dead = json.loads(body)["message"]["token"] == "device-token"
        return fcm(404, "UNREGISTERED")(path, headers, body) if dead else fcm(200)(path, headers, body)

    with serve(answer) as server:
        provide("push-fcm", server.url)
        [outcome] = send("push", outgoing(customer, "push"))
    assert (outcome.verdict, outcome.bounced) == (Verdict.SENT, False)
    assert list(PushToken.objects.filter(gone_at=None).values_list("token_hash", flat=True)) == [
        keyed_hash("push_token", "living")
    ]


def test_a_repeat_adds_nothing_to_inbox_and_tasks(customer):
    for channel, model in (("onsite", OnsiteMessage), ("staff", StaffTask)):
        for _ in range(2):
            assert send(channel, outgoing(customer, channel))[0].verdict is Verdict.SENT
        assert model.objects.count() == 1
