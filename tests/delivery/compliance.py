"""What every marketing mail at the sink must carry: one check for all ways by which content comes about."""

import re
from email import policy
from email.parser import BytesParser
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from customers.models import Consent, ConsentEvent
from delivery.models import ReceivedMail

#: What the visible link says, by the language of the mail.
LEAVE = {"en": "Unsubscribe", "zh-hans": "退订"}


def assert_compliant(
    mail: ReceivedMail, *, customer_id: int, language: str = "en", topic: str = "marketing"
) -> None:
    """Fail unless a received mail keeps the rules; it unsubscribes the customer on the way.

    RFC 8058 (List-Unsubscribe, -Post, one POST without a cookie), a visible link in the recipient's
    language in both parts, the postal address, one recipient, no foreign request or script, headers that
    occur once. GET and HEAD change nothing.
    """
    message = BytesParser(policy=policy.default).parsebytes(bytes(mail.raw))
    for name in ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"):
        assert len(message.get_all(name, [])) == 1, name
    assert [a.addr_spec for a in message["To"].addresses] == [mail.envelope_to]
    assert not any(message[name] for name in ("Cc", "Bcc"))
    assert message["List-Unsubscribe-Post"].strip() == "List-Unsubscribe=One-Click"
    [link] = re.findall(r"<(https?://[^>]+)>", message["List-Unsubscribe"])
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    anchors = dict(re.findall(r'<a[^>]*\shref="([^"]+)"[^>]*>([^<]+)</a>', html))
    assert anchors.get(link) == LEAVE[language], anchors
    assert f"{LEAVE[language]}: {link}" in text
    assert anchors.get(f"{link}/preferences"), "no way to the preferences"
    for part in (html, text):
        assert settings.SHOP_POSTAL_ADDRESS in part
        assert settings.SHOP_NAME in part
        assert "{{" not in part
        assert "{%" not in part
    assert "<script" not in html.lower()
    own = settings.PUBLIC_URL.rstrip("/")
    assert all(src.startswith((own, "https://")) for src in re.findall(r'<img[^>]*\ssrc="([^"]+)"', html))
    _unsubscribes(urlsplit(link).path, customer_id, topic)


def _unsubscribes(path: str, customer_id: int, topic: str) -> None:
    """Fail unless looking changes nothing, and one POST without a cookie ends it."""
    consent = Consent.objects.filter(customer=customer_id, channel="email", topic=topic)
    client = Client(enforce_csrf_checks=True)
    for look in (client.get, client.head, client.get):
        assert look(path).status_code == 200
        assert consent.get().granted
    before = ConsentEvent.objects.count()
    answer = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, bool(answer.cookies)) == (200, False)
    assert not consent.get().granted
    assert ConsentEvent.objects.count() == before + 1
