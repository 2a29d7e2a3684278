"""The built-in sink loses nothing."""

import smtplib
import subprocess
import sys
import threading
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from django.db import connection

from delivery.models import ReceivedMail
from delivery.selectors.mailbox import parse
from delivery.sink import received_mail
from tests.delivery.conftest import ROOT, process_env
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def mail_of(number, subject="Hello"):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", f"c{number}@demo.invalid", subject
    mail["Message-ID"] = f"<{number}@example.com>"
    mail.set_content("text")
    mail.add_alternative("<p>html</p>", subtype="html")
    mail.add_attachment(b"\0\1", maintype="application", subtype="pdf", filename="offer.pdf")
    return mail


def test_what_was_confirmed_is_stored_before_the_confirmation(sink):
    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        for number in range(20):
            smtp.send_message(mail_of(number, "Grüße 🎁"))
            assert ReceivedMail.objects.count() == number + 1
    mail = ReceivedMail.objects.get(envelope_to="c7@demo.invalid")
    assert (mail.subject, mail.message_id, mail.sender) == ("Grüße 🎁", "<7@example.com>", "shop@example.com")
    assert mail.size == len(mail.raw)
    parsed = parse(mail)
    assert (parsed.text, parsed.html, parsed.attachments) == ("text\n", "<p>html</p>\n", ["offer.pdf"])


def test_many_connections_at_once_lose_nothing(sink):
    def send(first):
        with smtplib.SMTP("127.0.0.1", sink) as smtp:
            for number in range(first, first + 50):
                smtp.send_message(mail_of(number))

    threads = [threading.Thread(target=send, args=[n * 50]) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert ReceivedMail.objects.values("message_id").distinct().count() == 400 == ReceivedMail.objects.count()


def test_one_mail_to_several_recipients_is_one_row_each(sink):
    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        smtp.sendmail("shop@example.com", ["a@demo.invalid", "b@demo.invalid"], mail_of(1).as_bytes())
    assert set(ReceivedMail.objects.values_list("envelope_to", flat=True)) == {
        "a@demo.invalid",
        "b@demo.invalid",
    }


def test_while_the_table_cannot_be_written_mail_is_postponed_not_lost(sink):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE delivery_receivedmail RENAME TO away")
    try:
        with smtplib.SMTP("127.0.0.1", sink) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.send_message(mail_of(1))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO delivery_receivedmail")
    assert refused.value.smtp_code == 451
    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        smtp.send_message(mail_of(1))
    assert ReceivedMail.objects.count() == 1


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"Subject: =?utf-8?q?broken?= =?nope?q?x?=", "=?utf-8?q?broken?= =?nope?q?x?="),
        (b"Subject: a\0b", "a?b"),
        (b"Subject: \xff\xfe", "??"),
        (b"no header at all", ""),
        (b"", ""),
        (b"Subject: " + b"x" * 2000, "x" * 500),
    ],
)
def test_malformed_mail_is_stored_as_well(head, subject):
    raw = head + b"\r\nContent-Type: text/html; charset=klingon\r\n\r\nbody \xff"
    mail = received_mail(raw, "a" * 400, "b@demo.invalid", datetime(2026, 1, 1, tzinfo=UTC))
    mail.save()
    mail.refresh_from_db()
    assert (len(mail.envelope_from), bytes(mail.raw)) == (320, raw)
    assert len(mail.subject) == len(subject)
    parse(mail)


def test_a_taken_port_is_a_sentence(sink):
    command = [sys.executable, "manage.py", "mailsink", "--port", str(sink)]
    done = subprocess.run(
        command, cwd=ROOT, env=process_env(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{sink}" in done.stderr
    assert "Traceback" not in done.stderr
