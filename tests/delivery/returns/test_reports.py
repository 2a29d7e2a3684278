"""What bounces say, whatever the language and however broken."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.returns import arf, dsn, parts
from delivery.returns.models import BounceClass
from tests.delivery.returns import reports

HARD, SOFT, BLOCK = BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCK


def read(raw):
    return dsn.parse(parts.read(raw))


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", HARD),
        ("5.1.2", "smtp; 550 Host unknown", HARD),
        ("5.1.10", "smtp; 556 5.1.10 Recipient address has null MX", HARD),
        ("5.2.1", "smtp; 550 5.2.1 mailbox disabled", HARD),
        ("5.4.4", "dns; NXDOMAIN", HARD),
        ("5.2.2", "smtp; 552 5.2.2 Over quota", SOFT),
        ("4.2.2", "smtp; 452 4.2.2 mailbox full", SOFT),
        ("4.4.7", "smtp; 421 4.4.7 delivery time expired", SOFT),
        ("5.3.4", "smtp; 552 5.3.4 message too big", BLOCK),
        ("5.7.1", "smtp; 550 5.7.1 blocked using a list", BLOCK),
        ("5.7.26", "smtp; 550 5.7.26 unauthenticated (DMARC)", BLOCK),
        ("5.6.0", "smtp; 554 5.6.0 content", BLOCK),
        ("5.1.8", "smtp; 553 5.1.8 sender domain does not exist", BLOCK),
        # A general status: the remote server's own one, or its words, say more.
        ("5.0.0", "smtp; 550 5.1.1 <c0@demo.invalid> no such user", HARD),
        ("5.0.0", "smtp; 554 delivery error: mailbox not found", HARD),
        ("5.0.0", "smtp; 554 refused: looks like spam", BLOCK),
        ("5.0.0", "smtp; 554 it is what it is", SOFT),
        ("5.2.0", "smtp; 550 用户不存在", HARD),
        ("", "smtp; 550 5.1.1 unknown", HARD),
    ],
)
def test_the_status_decides_and_words_help_where_it_is_general(status, diagnostic, expected):
    bounce = read(reports.dsn(status=status, diagnostic=diagnostic))
    assert bounce.bounce_class == expected
    assert "@" not in bounce.diagnostic


@pytest.mark.parametrize(
    ("charset", "words", "expected"),
    [
        ("iso-8859-1", "Die Adresse ist ungültig: Empfänger unbekannt", HARD),
        ("utf-8", "Das Postfach des Empfängers ist voll", SOFT),
        ("iso-8859-1", "Votre message n'a pu être remis : destinataire inconnu", HARD),
        ("utf-8", "El usuario es desconocido, la cuenta no existe", HARD),
        ("gb18030", "对不起，您的邮件被退回：收件人不存在", HARD),
        ("gb18030", "收件人的邮箱已满", SOFT),
        ("gbk", "您的邮件被识别为垃圾邮件", BLOCK),
        ("iso-2022-jp", "宛先のユーザーは存在しません", HARD),
        ("koi8-r", "Пользователь не найден", HARD),
        ("utf-8", "550 5.1.1 whatever", HARD),
        ("utf-8", "451 come back", SOFT),
    ],
)
def test_mails_without_a_report_are_read_by_their_words(charset, words, expected):
    assert read(reports.plain(words, charset=charset)).bounce_class == expected


def test_a_foreign_report_with_a_wrong_charset_is_read_by_its_fields():
    raw = reports.dsn(words="Ungültig", human_charset="latin-1").replace(
        b"charset=latin-1", b"charset=no-such"
    )
    bounce = read(raw)
    assert (bounce.bounce_class, bounce.status) == (HARD, "5.1.1")
    assert bounce.diagnostic == "550 5.1.1 User unknown"


def test_a_success_is_no_bounce_and_a_failure_beats_a_delay():
    for action in ("delivered", "relayed", "expanded"):
        assert read(reports.dsn(action=action, status="2.0.0", diagnostic="")) is None
    assert (
        read(reports.dsn(action="delayed", status="4.4.1", diagnostic="smtp; 421 busy")).bounce_class
        == "delayed"
    )
    other = "Final-Recipient: rfc822; x@demo.invalid\nAction: delayed\nStatus: 4.4.1\n\n"
    assert read(reports.dsn(extra=other)).bounce_class == HARD


@pytest.mark.parametrize(
    ("subject", "headers", "words", "expected"),
    [
        ("Out of office", "Auto-Submitted: auto-replied\n", "I am away", "auto_reply"),
        ("Automatische Antwort: Picked", "", "Ich bin nicht da", "auto_reply"),
        ("=?utf-8?b?6Ieq5Yqo5Zue5aSN?=", "", "我不在", "auto_reply"),
        ("Re: Picked for you", "X-Autoreply: yes\n", "away", "auto_reply"),
        ("Please confirm that you sent your message", "", "Click here to have it delivered", "challenge"),
    ],
)
def test_people_who_are_away_are_no_bounces(subject, headers, words, expected):
    raw = reports.plain(words, sender="c0@demo.invalid", subject=subject, headers=headers)
    assert read(raw).bounce_class == expected


def test_an_answer_by_a_person_says_nothing():
    assert read(reports.plain("Thank you, lovely!", sender="c0@demo.invalid", subject="Re: Picked")) is None


def test_broken_reports():
    whole = reports.dsn()
    # Without the machine-readable part's own header; cut off in the middle; fields in the text.
    assert read(whole.replace(b"message/delivery-status", b"text/plain")).bounce_class == HARD
    assert read(whole[: whole.index(b"Diagnostic-Code")]).bounce_class == HARD
    assert read(whole.replace(b'boundary="b"', b"")).bounce_class == HARD
    assert (
        read(whole.replace(b"message/delivery-status", b"message/global-delivery-status")).bounce_class
        == HARD
    )
    assert read(b"") is None
    assert read(b"\x00\xff\xfe" * 100) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 900), st.binary(max_size=30), st.integers(0, 60))
def test_no_damage_makes_reading_fail(place, junk, gone):
    for whole in (reports.dsn(sender="a@b.example"), reports.arf()):
        damaged = whole[:place] + junk + whole[place + gone :]
        mail = parts.read(damaged)
        dsn.parse(mail)
        arf.parse(mail)
        parts.returned_headers(mail)


@pytest.mark.parametrize(
    ("kind", "is_complaint", "opt_out"),
    [("abuse", True, False), ("fraud", True, False), ("other", True, False), ("opt-out", True, True),
     ("not-spam", False, False), ("auth-failure", False, False), ("ABUSE", True, False)],
)  # fmt: skip
def test_complaints(kind, is_complaint, opt_out):
    complaint = arf.parse(parts.read(reports.arf(kind=kind, mail_from="bounce+x@shop.example")))
    assert (complaint is not None) == is_complaint
    if complaint:
        assert (complaint.opt_out, complaint.envelope_sender) == (opt_out, "bounce+x@shop.example")
    assert arf.parse(parts.read(reports.dsn())) is None
