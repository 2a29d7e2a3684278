"""Delivery reports and complaints as servers send them, written after RFC 3464 and RFC 5965."""

RETURNED = """Return-Path: <{sender}>
From: Shop <shop@shop.example>
To: c0@demo.invalid
Subject: Picked for you
Message-ID: <1@shop.example>
List-Unsubscribe: <{unsubscribe}>

Hello
"""


def dsn(*, status="5.1.1", action="failed", diagnostic="smtp; 550 5.1.1 User unknown", words="It failed.",
        sender="", unsubscribe="", extra="", human_charset="utf-8"):  # fmt: skip
    """Return a report with its three parts (RFC 3464 §2)."""
    head = f"""From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>
To: <{sender}>
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset={human_charset}
Content-Transfer-Encoding: 8bit

""".encode()
    fields = f"Reporting-MTA: dns; mx.example\nArrival-Date: Sun, 1 Mar 2026 12:00:00 +0000\n\n{extra}"
    fields += f"Final-Recipient: rfc822; c0@demo.invalid\nAction: {action}\nStatus: {status}\n"
    if diagnostic:
        fields += f"Diagnostic-Code: {diagnostic}\n"
    back = RETURNED.format(sender=sender, unsubscribe=unsubscribe)
    rest = f"\n--b\nContent-Type: message/delivery-status\n\n{fields}\n"
    rest += f"--b\nContent-Type: message/rfc822\n\n{back}\n--b--\n"
    return (head + words.encode(human_charset, "replace") + rest.encode()).replace(b"\n", b"\r\n")


def arf(*, kind="abuse", mail_from="", sender="", unsubscribe="", version="1"):
    """Return a complaint (RFC 5965 §2)."""
    fields = f"Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: {version}\n"
    if mail_from:
        fields += f"Original-Mail-From: <{mail_from}>\n"
    back = RETURNED.format(sender=sender, unsubscribe=unsubscribe)
    return f"""From: <abusedesk@mailbox.example>
To: <bounce@shop.example>
Subject: FW: Picked for you
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--b
Content-Type: message/feedback-report

{fields}
--b
Content-Type: message/rfc822

{back}
--b--
""".replace("\n", "\r\n").encode()


def plain(words, *, sender="postmaster@mx.example", subject="failure notice", charset="utf-8", headers=""):
    """Return a mail without any machine-readable part, as old servers send."""
    head = f"From: {sender}\nSubject: {subject}\n{headers}Content-Type: text/plain; charset={charset}\n\n"
    return head.encode() + words.encode(charset, "replace")
