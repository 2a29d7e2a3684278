"""The mail as it is written, read by the standard library and held against Django's own."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from delivery.channels.base import Outgoing, TransportError
from delivery.channels.email.mime import build, email_message
from delivery.sources import Rendered

MAIL = Outgoing(
    key=1,
    message_id="<1@shop.example>",
    address="c1@demo.invalid",
    content=Rendered(subject="Hello", html="<p>Hi</p>", text="Hi", from_email="Shop <shop@example.com>"),
    unsubscribe_url="https://shop.example/u/" + "t" * 75,
    date=datetime(2026, 11, 1, 12, tzinfo=UTC),
)
#: All that PostgreSQL can store, and that is no control character.
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=300
)
bodies = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3000)


def read(raw: bytes):
    return message_from_bytes(raw, policy=policy.default)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, whatever it ends them with."""
    return re.split(r"\r\n|\r|\n", text)


@given(words)
@example("双十一大促：王小明，您的专属优惠券来了，快来看看吧 🎁" * 4)
@example("=?utf-8?q?no_word?= of ours")
@example("x " * 149)
def test_any_subject_is_read_as_it_was_written(subject):
    raw = build(replace(MAIL, content=replace(MAIL.content, subject=subject)))
    theirs = read(
        email_message(replace(MAIL, content=replace(MAIL.content, subject=subject))).message().as_bytes()
    )
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert len(read(raw).get_all("Subject")) == 1
    # What stands for itself in ASCII is written as Django writes it, encoded words of their own included.
    assert read(raw)["Subject"] == (theirs["Subject"] if subject.isascii() else subject)


@given(bodies, bodies)
@example("a" * 999, "<p>" + "long " * 400 + "</p>")
@example(".\r\n..\n.", "é" * 998)
@example("", "\r")
def test_both_bodies_arrive_whole(text, html):
    raw = build(replace(MAIL, content=replace(MAIL.content, text=text, html=html)))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = read(raw)
    assert not mail.defects
    parts = list(mail.iter_parts()) if html else [mail]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"][: len(parts)]
    for part, written in zip(parts, (text, html), strict=False):
        arrived = part.get_payload(decode=True).decode(part.get_content_charset())
        assert lines_of(arrived) == lines_of(written)
        assert not part.defects


@pytest.mark.parametrize(
    "sender",
    ["Shop <shop@example.com>", "shop@example.com", "天猫 <shop@example.com>", '"A, B" <ab@example.com>'],
)
def test_the_headers_say_what_djangos_say(sender):
    content = replace(MAIL.content, from_email=sender, subject="Grüße", headers={"X-Tag": "Frühling " * 20})
    mail = replace(MAIL, content=content)
    ours, theirs = read(build(mail)), read(email_message(mail).message().as_bytes(linesep="\r\n"))
    assert sorted(ours.keys()) == sorted(theirs.keys())
    for name in set(ours.keys()) - {"Content-Type"}:
        assert str(ours[name]).strip() == str(theirs[name]).strip(), name
    assert [str(a) for a in ours["From"].addresses] == [str(a) for a in theirs["From"].addresses]
    assert ours["Content-Type"].content_type == "multipart/alternative"


def test_encoded_words_keep_to_their_lines():
    content = replace(MAIL.content, subject="优惠" * 60)
    head = build(replace(MAIL, content=content)).partition(b"\r\nFrom:")[0]
    lines = head.partition(b"Subject:")[2].split(b"\r\n")
    assert len(lines) > 5
    assert all(len(line) <= 76 for line in [b"Subject:" + lines[0], *lines[1:]])
    assert all(line.startswith(b" =?utf-8?b?") and line.endswith(b"?=") for line in lines)


@pytest.mark.parametrize("field", ["subject", "from_email"])
@pytest.mark.parametrize("bad", ["a\nBcc: b@example.com", "a\rb", "a\r\n\r\nbody"])
def test_no_header_can_hold_a_line_break(field, bad):
    with pytest.raises(TransportError) as refused:
        build(replace(MAIL, content=replace(MAIL.content, **{field: bad})))
    assert refused.value.permanent


@given(st.sampled_from(["subject", "from_email"]), st.text(max_size=80))
@example("subject", "a\x0bBcc: b@example.com")
@example("subject", "é\x85Bcc: b@example.com\u2028x")
@example("from_email", "é\x0cBcc: b@example.com <shop@example.com>")
def test_no_content_adds_a_header(field, value):
    mail = replace(MAIL, content=replace(MAIL.content, **{field: value}))
    try:
        raw = build(mail)
    except TransportError:
        return
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    assert sorted(names) == sorted(
        [b"MIME-Version", b"Subject", b"From", b"To", b"Date", b"Message-ID", b"List-Unsubscribe",
         b"List-Unsubscribe-Post", b"Content-Type"]
    )  # fmt: skip
