"""SMS: what a text is billed as, how calls are signed, receipts and answers."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from core.encryption import keyed_hash
from customers.consent import ConsentRow, record_consents
from customers.models import Consent, ConsentEvent, Suppression
from customers.services import upsert_customers
from delivery.channels.sms import aliyun, tencent
from delivery.channels.sms.parts import measure
from delivery.models import Handover, Provider
from delivery.providers.feedback import is_stop
from delivery.providers.hooks import hook_url, token_of
from events.models import Event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2),
        ("a" * 152 + "€" + "a" * 153, "GSM-7", 307, 3),  # the euro sign is not cut in two
        ("你" * 70, "UCS-2", 70, 1),
        ("你" * 71, "UCS-2", 71, 2),
        ("🎁" * 35, "UCS-2", 70, 1),
        ("🎁" * 36, "UCS-2", 72, 2),
        ("你" * 66 + "🎁" * 34, "UCS-2", 134, 3),  # nor is a surrogate pair
    ],
)
def test_parts(text, encoding, units, parts):
    found = measure(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)


def test_tencents_signature_is_the_one_of_its_documentation():
    """The steps of "Signature v3" done by hand on the same values."""
    import hashlib
    import hmac

    body = b'{"PhoneNumberSet":["+8618511122233"]}'
    at = datetime.fromtimestamp(1551113065, UTC)
    headers = tencent.signed({"secret_id": "AKID", "secret_key": "key"}, body, at=at)
    digest = hashlib.sha256(body).hexdigest()
    canonical = (
        "POST\n/\n\ncontent-type:application/json; charset=utf-8\nhost:sms.tencentcloudapi.com\n\n"
        f"content-type;host\n{digest}"
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n1551113065\n2019-02-25/sms/tc3_request\n{hashed}"
    key = b"TC3key"
    for part in (b"2019-02-25", b"sms", b"tc3_request"):
        key = hmac.new(key, part, hashlib.sha256).digest()
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    assert headers["Authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKID/2019-02-25/sms/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={expected}"
    )


def test_alibabas_signature_covers_query_and_headers():
    configuration = {"access_key_id": "i", "access_key_secret": "s"}
    url, headers = aliyun.signed(configuration, {"B": "ä b*", "A": "1"}, at=NOW, nonce="n")
    assert url == "https://dysmsapi.aliyuncs.com/?A=1&B=%C3%A4%20b%2A"
    assert headers["x-acs-date"] == "2026-03-01T12:00:00Z"
    _, other = aliyun.signed(configuration, {"A": "2"}, at=NOW, nonce="n")
    assert headers["Authorization"] != other["Authorization"]


@pytest.mark.parametrize("text", ["STOP", " stop. ", "TD", "ＴＤ", "退订", "Abmelden!", "Arrêt", "opt  out"])
def test_stop_words(text):
    assert is_stop(text)


@pytest.mark.parametrize("text", ["", "don't stop", "TDX", "退货", "stop it please", "yes"])
def test_other_answers(text):
    assert not is_stop(text)


@pytest.fixture
def ada(db):
    upsert_customers([{"external_id": "ada", "phone": "+8613800138000", "country": "CN"}], NOW)
    from customers.models import Customer

    ada = Customer.objects.get()
    record_consents(
        [ConsentRow(ada.pk, "sms", True, "form", NOW, topic=topic) for topic in ("marketing", "news")], NOW
    )
    return ada


def provider(kind, ada=None, references=()):
    made = Provider(name=kind, channel="sms", kind=kind, created_at=NOW, updated_at=NOW)
    made.configuration = {}
    made.save()
    for n, reference in enumerate(references, start=1):
        Handover.objects.create(
            provider=made,
            reference=reference,
            run_id=uuid4(),
            message_id=n,
            customer_id=ada.pk,
            handed_at=NOW,
        )
    return made


def tell(made, body):
    return Client(enforce_csrf_checks=True).post(
        hook_url(made), json.dumps(body), content_type="application/json"
    )


RECEIPTS = {
    "sms-http": {
        "receipts": [
            {"id": "r1", "delivered": True},
            {"id": "r2", "delivered": False, "error": "gone", "gone": True},
            {"id": "unknown", "delivered": True},
        ]
    },
    "sms-aliyun": [
        {"biz_id": "r1", "success": True, "err_code": "DELIVERED", "phone_number": "13800138000"},
        {"biz_id": "r2", "success": False, "err_code": "MOBILE_NOT_ON_SERVICE"},
        {"biz_id": "unknown", "success": True},
    ],
    "sms-tencent": [
        {"sid": "r1", "report_status": "SUCCESS", "errmsg": "DELIVRD", "mobile": "13800138000"},
        {"sid": "r2", "report_status": "FAIL", "errmsg": "MOBILE_NOT_EXIST"},
        {"sid": "unknown", "report_status": "SUCCESS"},
    ],
}
THANKS = {
    "sms-http": {"ok": True},
    "sms-aliyun": {"code": 0, "msg": "OK"},
    "sms-tencent": {"result": 0, "errmsg": "OK"},
}
ANSWERS = {
    "sms-http": {"inbound": [{"id": "m1", "from": "+8613800138000", "text": "TD"}]},
    "sms-aliyun": [
        {
            "phone_number": "13800138000",
            "content": "退订",
            "sequence_id": "1",
            "send_time": "2026-03-01 12:00:00",
        }
    ],
    "sms-tencent": {"mobile": "13800138000", "nationcode": "86", "text": "T", "time": 1772366400, "sign": ""},
}


@pytest.mark.parametrize("kind", RECEIPTS)
def test_receipts_told_twice_do_nothing_twice(kind, ada):
    made = provider(kind, ada, ["r1", "r2"])
    for _ in range(2):
        answer = tell(made, RECEIPTS[kind])
        assert (answer.status_code, answer.json()) == (200, THANKS[kind])
    assert list(Handover.objects.order_by("reference").values_list("reference", "receipt")) == [
        ("r1", "delivered"),
        ("r2", "undelivered"),
    ]
    assert sorted(Event.objects.values_list("type", "customer_id")) == [
        ("message_bounced", ada.pk),
        ("message_delivered", ada.pk),
    ]
    assert list(Suppression.objects.values_list("address_hash", "reason")) == [
        (keyed_hash("phone", "+8613800138000"), "bounced")
    ]


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_stop_word_ends_all_sms_once(kind, ada):
    made = provider(kind)
    before = ConsentEvent.objects.count()
    for _ in range(2):
        assert tell(made, ANSWERS[kind]).status_code == 200
    assert list(Suppression.objects.values_list("channel", "address_hash", "reason")) == [
        ("sms", keyed_hash("phone", "+8613800138000"), "unsubscribed")
    ]
    assert set(Consent.objects.values_list("topic", "granted")) == {("marketing", False), ("news", False)}
    assert ConsentEvent.objects.count() == before + 2
    assert list(Event.objects.values_list("type", "customer_id")) == [("unsubscribe", ada.pk)]


def test_another_answer_changes_nothing(ada):
    made = provider("sms-http")
    body = {"inbound": [{"id": "m1", "from": "+8613800138000", "text": "Thank you, don't stop"}]}
    assert tell(made, body).status_code == 200
    assert not Suppression.objects.exists()
    assert Consent.objects.filter(granted=True).count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"null", b'{"receipts": 5}', b'{"receipts": [{}]}', b'[{"biz_id": 1}]', b"\xff",
     b'{"receipts": [{"id": "\\u0000", "delivered": true}]}', b"[" * 100_000],
)  # fmt: skip
@pytest.mark.parametrize("kind", RECEIPTS)
def test_garbage_is_refused_with_a_sentence(kind, body):
    made = provider(kind)
    answer = Client().post(hook_url(made), body, content_type="application/json")
    assert answer.status_code in (200, 400)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_hooks_address_is_a_secret():
    made, other = provider("sms-http"), provider("sms-aliyun")
    wrong = reverse("delivery:provider_hook", kwargs={"pk": made.pk, "token": token_of(other.pk)})
    assert Client().post(wrong, b"{}", content_type="application/json").status_code == 404
    assert Client().get(hook_url(made)).status_code == 405


def test_a_start_word_takes_the_stop_back_once_and_a_replay_never_beats_a_later_stop(ada):
    made = provider("sms-http")

    def answer(key, text):
        body = {"inbound": [{"id": key, "from": "+8613800138000", "text": text}]}
        assert tell(made, body).status_code == 200
        return Suppression.objects.exists(), set(Consent.objects.values_list("topic", "granted"))

    both, none = ({("marketing", given), ("news", given)} for given in (True, False))
    record_consents([ConsentRow(ada.pk, "sms", False, "preference centre", NOW, topic="sales")], NOW)
    assert answer("1", "STOP") == (True, none | {("sales", False)})
    assert answer("2", "Start!") == (False, both | {("sales", False)})
    assert answer("1", "STOP") == (False, both | {("sales", False)})
    assert answer("3", "stop") == (True, none | {("sales", False)})
    assert answer("2", "Start!") == (True, none | {("sales", False)})
    kinds = Event.objects.order_by("id").values_list("type", flat=True)
    assert sorted(kinds) == ["subscribe", "unsubscribe", "unsubscribe"]


@pytest.mark.parametrize("reason", ["bounced", "complained", "erased", "manual"])
def test_a_start_word_lifts_no_other_ban(ada, reason):
    number = keyed_hash("phone", ada.phone)
    Suppression.objects.create(channel="sms", address_hash=number, reason=reason, created_at=NOW)
    body = {"inbound": [{"id": "1", "from": "+8613800138000", "text": "START"}]}
    assert tell(provider("sms-http"), body).status_code == 200
    assert Suppression.objects.get().reason == reason
    assert not Event.objects.exists()
