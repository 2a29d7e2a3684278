"""Encryption of personal fields and keyed hashes to find them again.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The stored text is
`key id : base64(nonce + ciphertext)`, so keys rotate without a migration: the first key of
`settings.FIELD_KEYS` writes, all of them read. The key id is bound in as associated data.
"""

import base64
import hashlib
import hmac
import os
import unicodedata
from functools import cache

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


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
    return hmac.new(settings.HASH_KEY.encode(), f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()


def normalise_email(value: str) -> str:
    """Return the form in which an address is compared: NFKC, trimmed, lower case, domain in IDNA.

    Dots and plus tags are kept: they are different mailboxes for most providers.
    Raises ValueError when there is no local part or no domain.
    """
    text = unicodedata.normalize("NFKC", value).strip().casefold()
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or any(c.isspace() or ord(c) < 32 for c in text):
        raise ValueError("Not an e-mail address: write it as name@example.com.")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise ValueError("Not an e-mail address: its domain cannot be encoded.") from error
    return f"{local}@{domain}"


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
