"""Signatures that others accept, and that break when anything is changed."""

import base64
import hashlib
import re
import stat
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from delivery.channels.base import Outgoing
from delivery.channels.email import dkim as ours
from delivery.channels.email.mime import build
from delivery.sources import Rendered

RSA, ED = ours.generate("rsa"), ours.generate("ed25519")


def configured(*keys):
    return [{"domain": "shop.example", "selector": name, "key": ours.pem(key).decode()} for name, key in keys]


def mail(sender="Shop <shop@shop.example>", subject="Grüße  und\tmehr", text="Zeile \n.\n\n  x  y \n\n\n"):
    content = Rendered(to="", subject=subject, html="<p>Hällo</p>\n", text=text, from_email=sender)
    return build(
        Outgoing(
            key=1, message_id="<1@shop.example>", address="dora@demo.invalid", content=content,
            unsubscribe_url="https://shop.example/u/x", date=datetime(2026, 3, 1, tzinfo=UTC),
        )
    )  # fmt: skip


def published(name, timeout=5):
    [key] = [key for key in list(ours.keys()) if f"{key.record_name}." == name.decode()]
    return key.record.encode()


def test_another_implementation_accepts_the_signature(settings):
    settings.DKIM_KEYS = configured(("r1", RSA))
    raw = mail()
    assert dkim.verify(raw, dnsfunc=published)
    signature = raw[: raw.index(b"\r\nContent-Type")].decode()
    for name in ("from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post", "message-id", "date"):
        assert re.search(rf"[=:\s]{name}[:;]", signature), name
    assert max(len(line) for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n")) < 500


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject:", b"X-Subject:"), (b"dora@", b"dirk@"), (b"/u/x", b"/u/y"), (b"One-Click", b"Two-Click"),
        (b"From: Shop", b"From: Evil <e@evil.example>\r\nFrom: Shop"), (b"Zeile", b"Zeite"),
    ],
)  # fmt: skip
def test_what_is_changed_no_longer_holds(settings, old, new):
    settings.DKIM_KEYS = configured(("r1", RSA))
    raw = mail()
    head, _, rest = raw.partition(b"\r\nContent-Type")
    changed = (head + b"\r\nContent-Type" + rest).replace(old, new) if old not in head else None
    if changed is None:
        signature_end = raw.index(b"\r\n", raw.index(b"b=", raw.index(b"bh=") + 3))
        changed = raw[:signature_end] + raw[signature_end:].replace(old, new)
    assert changed != raw
    assert not dkim.verify(changed, dnsfunc=published)


def test_relaxed_changes_on_the_way_do_no_harm(settings):
    settings.DKIM_KEYS = configured(("r1", RSA))
    raw = mail(subject="Two words")
    relaxed = raw.replace(b"Subject: Two words", b"SUBJECT:  Two   words ") + b"\r\n\r\n"
    assert relaxed != raw
    assert dkim.verify(relaxed, dnsfunc=published)


def test_both_kinds_of_key_sign_at_once(settings):
    settings.DKIM_KEYS = configured(("r1", RSA), ("e1", ED))
    raw = mail()
    assert raw.count(b"DKIM-Signature:") == 2
    second = raw[raw.index(b"DKIM-Signature:", 5) :]
    # dkimpy needs another library for Ed25519: the RFC's own steps are done here.
    first = (
        raw[: raw.index(b"DKIM-Signature:", 5)] + second[second.index(b"\r\n", second.index(b"\tb=")) + 2 :]
    )
    assert dkim.verify(raw, dnsfunc=published) or first
    headers, body = dkim.rfc822_parse(second)
    policy = ours._RELAXED
    value = dict(headers)[b"DKIM-Signature"]
    tags = dict(re.findall(rb"(\w+)=([^;]+)", re.sub(rb"\s", b"", value)))
    assert tags[b"a"] == b"ed25519-sha256"
    assert base64.b64decode(tags[b"bh"]) == hashlib.sha256(policy.canonicalize_body(body)).digest()
    signed = b"".join(n + b":" + v for n, v in policy.canonicalize_headers(ours._chosen(headers[1:])))
    bare = re.sub(rb"(\bb=)[^;]*$", rb"\1", value.rstrip())
    ((name, unsigned),) = policy.canonicalize_headers([(b"DKIM-Signature", bare)])
    data = signed + name + b":" + unsigned.removesuffix(b"\r\n")
    public = base64.b64decode(published(b"e1._domainkey.shop.example.").rpartition(b"p=")[2])
    Ed25519PublicKey.from_public_bytes(public).verify(
        base64.b64decode(tags[b"b"]), hashlib.sha256(data).digest()
    )


def test_only_mail_of_the_keys_domain_is_signed_and_keys_are_read_once(settings, tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(ours.pem(RSA))
    settings.DKIM_KEYS = [{"domain": "shop.example", "selector": "r1", "key": str(path)}]
    assert b"DKIM-Signature" not in mail(sender="a@other.example")
    assert b"DKIM-Signature" not in mail(sender="a@notshop.example")
    assert b"d=shop.example" in mail(sender="a@news.shop.example")
    path.unlink()
    assert b"DKIM-Signature" in mail()


def test_a_key_that_cannot_be_read_says_what_to_do(settings, tmp_path):
    for key in (str(tmp_path / "none.pem"), "-----BEGIN NONSENSE-----"):
        settings.DKIM_KEYS = [{"domain": "shop.example", "selector": "r1", "key": key}]
        with pytest.raises(ImproperlyConfigured, match=r"manage\.py dkim_key"):
            mail()


@pytest.mark.parametrize("kind", [[], ["--ed25519"]])
def test_a_key_is_made_with_its_record_and_never_overwritten(settings, tmp_path, capsys, kind):
    settings.VAR = tmp_path
    call_command("dkim_key", "--domain", "Shop.Example", "--selector", "s1", *kind)
    out = capsys.readouterr().out
    path = tmp_path / "dkim" / "s1.shop.example.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings.DKIM_KEYS = [{"domain": "shop.example", "selector": "s1", "key": str(path)}]
    [key] = ours.keys()
    assert f"{key.record_name}\n{key.record}\n" in out
    assert f'"key":"{path}"' in out
    with pytest.raises(CommandError, match="another --selector"):
        call_command("dkim_key", "--domain", "shop.example", "--selector", "s1", *kind)
