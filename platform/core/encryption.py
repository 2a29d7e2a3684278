"""Encryption of personal fields and keyed hashes to find them again.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The stored text is
`key id : base64(nonce + ciphertext)`, so keys rotate without a migration: the first key of
`settings.FIELD_KEYS` writes, all of them read. The key id is bound in as associated data.
"""

import base64
import hmac
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import idna
import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_UNWRITABLE = {"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"}
# Labels of letters, digits and inner hyphens; the underscore is seen in real sub-domains.
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")


class DecryptionError(Exception):
    """The stored text was not written by any of the configured keys."""


@cache
def _cipher(key: str) -> AESGCM:
    return AESGCM(base64.b64decode(key))


def encrypt(text: str) -> str:
    """Encrypt with the first configured key. About 4 µs a value."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher(key).encrypt(nonce, text.encode(), key_id.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored: str) -> str:
    """Decrypt with the key that the text names. Raises DecryptionError."""
    key_id, _, payload = stored.partition(":")
    key = settings.FIELD_KEYS.get(key_id)
    if key is None:
        raise DecryptionError(f"The field key “{key_id}” is not configured (RAPPORT_FIELD_KEYS).")
    raw = base64.b64decode(payload)
    try:
        return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], key_id.encode()).decode()
    except InvalidTag as error:
        raise DecryptionError("A stored field does not fit its key.") from error


def keyed_hash(kind: str, value: str) -> str:
    """Return the HMAC-SHA256 under which an identifier is stored and looked up: 64 hex digits.

    The kind is part of the message, so the same text as e-mail and as handle differ.
    """
    return hmac.digest(settings.HASH_KEY.encode(), f"{kind}\0{value}".encode(), "sha256").hex()


def keyed_hashes(kind: str, values: Iterable[str]) -> dict[str, str]:
    """Return the keyed hash of each value; a thousand take about 2 ms."""
    key, prefix = settings.HASH_KEY.encode(), f"{kind}\0".encode()
    return {value: hmac.digest(key, prefix + value.encode(), "sha256").hex() for value in values}


def normalise_email(value: str) -> str:
    """Return the form in which an address is compared: NFKC, trimmed, lower case, domain in IDNA 2008.

    NFKC reads what a Chinese or Japanese keyboard types in full width. Upper and lower case are one
    mailbox on both sides of the @ (RFC 5321 would allow a host to tell them apart; none does). Dots and
    plus tags are kept: they are different mailboxes for most providers. At most 254 characters, 64 before
    the @ (RFC 5321). Raises ValueError with a sentence when it is no address. About 2 µs.
    """
    text = value.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().lower())
    local, at, domain = text.lower().rpartition("@")
    if not (local and at and domain) or "@" in local or _unwritable(text):
        raise ValueError("Not an e-mail address: write it as name@example.com.")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except UnicodeError as error:
            raise ValueError("Not an e-mail address: its domain cannot be encoded.") from error
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("Not an e-mail address: its domain is not one, as example.com is.")
    if len(local) > 64 or len(local) + len(domain) > 253:
        raise ValueError("Not an e-mail address: it is longer than 254 characters.")
    return f"{local}@{domain}"


def _unwritable(text: str) -> bool:
    """Say whether a text holds blanks, control or formatting characters, or halves of characters."""
    if _VISIBLE_ASCII.fullmatch(text):
        return False
    return any(unicodedata.category(char) in _UNWRITABLE for char in text)


def normalise_phone(value: str, country: str) -> str:
    """Return a phone number in E.164; numbers without a country prefix are read in `country`.

    Raises ValueError when it is not a possible number.
    """
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError("Not a phone number: write it with its country, as +49 30 1234567.") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("Not a phone number: it is too long or too short for its country.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
