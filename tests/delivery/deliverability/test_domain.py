"""What the DNS says about a domain, in sentences that say what to do."""

import pytest

from delivery.channels.email import dkim
from delivery.deliverability.dns import DnsFailed, SystemResolver
from delivery.deliverability.domain import check_dkim, check_dmarc, check_domain, check_mx, check_spf, look
from delivery.deliverability.models import DomainCheck

KEY = dkim.Key("shop.example", "r1", dkim.generate("ed25519"))


class Records:
    """A DNS of a few records; None is a name server that does not answer."""

    def __init__(self, txt=None, mx=()):
        self._txt, self._mx = txt or {}, mx
        self.asked = []

    def txt(self, name):
        self.asked.append(name)
        found = self._txt.get(name, [])
        if found is None:
            raise DnsFailed("no")
        return found

    def mx(self, name):
        return list(self._mx)


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], "bad", "does not say which servers"),
        (["something else", "v=spf10 x"], "bad", "does not say which servers"),
        (["v=spf1 include:a -all"], "ok", "names the servers"),
        (["V=SPF1 mx ~all"], "ok", "names the servers"),
        (["v=spf1 redirect=_spf.example"], "ok", "names the servers"),
        (["v=spf1 mx"], "warn", "says nothing about all others"),
        (["v=spf1 mx ?all"], "warn", "says nothing about all others"),
        (["v=spf1 +all"], "bad", "lets everybody"),
        (["v=spf1 -all", "v=spf1 mx -all"], "bad", "2 SPF records"),
        (["v=spf1 " + " ".join(f"include:{n}" for n in range(11)) + " -all"], "bad", "11 further questions"),
        (
            ["v=spf1 " + " ".join(f"include:{n}" for n in range(10)) + " ip4:1.2.3.4 -all"],
            "ok",
            "names the servers",
        ),
        (None, "", "No name server answered"),
    ],
)
def test_spf(records, level, words):
    finding = check_spf("shop.example", Records({"shop.example": records}))
    assert (finding.level, words in finding.sentence) == (level, True), finding.sentence
    assert bool(finding.advice) == (level != "ok")


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([KEY.record], "ok", "can be checked by everybody"),
        ([KEY.record.replace("p=", "p= ")], "ok", "can be checked by everybody"),
        ([], "bad", "is not in the DNS"),
        (["v=DKIM1; p="], "bad", "withdrawn"),
        (["v=DKIM1; k=rsa; p=AAAA"], "bad", "Another key"),
        (None, "", "No name server answered"),
    ],
)
def test_dkim(records, level, words):
    [finding] = check_dkim("shop.example", [KEY], Records({"r1._domainkey.shop.example": records}))
    assert (finding.level, words in finding.sentence) == (level, True), finding.sentence
    if level == "bad":
        assert (finding.record_name, finding.record) == ("r1._domainkey.shop.example", KEY.record)


def test_without_a_key_mails_are_not_signed():
    [finding] = check_dkim("shop.example", [], Records())
    assert (finding.level, "dkim_key" in finding.advice) == ("bad", True)


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ([], "bad", "only claims to be from it"),
        (["v=DMARC1; p=reject; rua=mailto:a@b.example"], "ok", "turned away"),
        (["v=DMARC1;p=quarantine"], "ok", "turned away"),
        (["v=DMARC1; p=none"], "warn", "still let through"),
        (["v=DMARC1; rua=mailto:a@b"], "bad", "does not say what is to be done"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "bad", "2 DMARC records"),
        (None, "", "No name server answered"),
    ],
)
def test_dmarc(records, level, words):
    finding = check_dmarc("shop.example", Records({"_dmarc.shop.example": records}))
    assert (finding.level, words in finding.sentence) == (level, True), finding.sentence


def test_dmarc_of_the_domain_above_counts():
    records = Records({"_dmarc.shop.example": ["v=DMARC1; p=reject"]})
    assert check_dmarc("news.shop.example", records).level == "ok"
    assert records.asked == ["_dmarc.news.shop.example", "_dmarc.shop.example"]


def test_bounces_need_a_mail_server(settings):
    settings.BOUNCE_ADDRESS = ""
    assert check_mx("shop.example", Records(mx=["mx.example"])).level == "warn"
    settings.BOUNCE_ADDRESS = "bounce@mail.shop.example"
    assert check_mx("mail.shop.example", Records()).level == "bad"
    assert "mx.example" in check_mx("mail.shop.example", Records(mx=["mx.example"])).sentence


@pytest.mark.django_db
def test_a_check_is_stored_and_done_anew(settings, now):
    settings.SHOP_FROM_EMAIL = "hello@Shop.Example"
    settings.DKIM_KEYS = []
    for records in (Records(), Records({"_dmarc.shop.example": ["v=DMARC1; p=reject"]})):
        check_domain(records, now=now)
    check = DomainCheck.objects.get()
    assert check.domain == "shop.example"
    assert [f["what"] for f in check.findings] == ["SPF", "DKIM", "DMARC", "MX"]
    assert [f["level"] for f in check.findings] == ["bad", "bad", "ok", "warn"]


def test_no_name_server_is_an_answer_too():
    resolver = SystemResolver()
    resolver._resolver = None
    assert {finding.level for finding in look("shop.example", resolver)} <= {"", "bad"}
