"""Encryption of personal fields and keyed hashes to find them again.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The stored text is
`key id : base64(nonce + ciphertext)`, so keys rotate without a migration: the first key of
`settings.FIELD_KEYS` writes, all of them read. The key id is bound in as associated data.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import idna
import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

NONCE_BYTES = 12
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_UNWRITABLE = {"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"}
# Labels of letters, digits and inner hyphens; the underscore is seen in real sub-domains.
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]*(?:[ -][0-9]+)*")


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
    return f"{key_id}:{binascii.b2a_base64(nonce + sealed, newline=False).decode()}"


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


@cache
def _keyed(key: str) -> hmac.HMAC:
    # Copied for each value: taking in the key is half the work of a short message.
    return hmac.new(key.encode(), digestmod="sha256")


def keyed_hash(kind: str, value: str) -> str:
    """Return the HMAC-SHA256 under which an identifier is stored and looked up: 64 hex digits.

    The kind is part of the message, so the same text as e-mail and as handle differ. About 3 µs.
    """
    mac = _keyed(settings.HASH_KEY).copy()
    mac.update(f"{kind}\0{value}".encode())
    return mac.hexdigest()


def keyed_hashes(kind: str, values: Iterable[str]) -> dict[str, str]:
    """Return the keyed hash of each value; a thousand take about 1 ms.

    HMAC is two runs of the hash (RFC 2104), which are begun once here and copied: half of what a thousand
    `hmac.HMAC` cost.
    """
    inner, outer = _halves(settings.HASH_KEY)
    inner = inner.copy()
    inner.update(f"{kind}\0".encode())
    found = {}
    for value in values:
        within, mac = inner.copy(), outer.copy()
        within.update(value.encode())
        mac.update(within.digest())
        found[value] = mac.hexdigest()
    return found


@cache
def _halves(key: str) -> tuple[Any, Any]:
    """Return SHA-256 after the inner and after the outer pad of HMAC."""
    block = key.encode()
    size = hashlib.sha256().block_size
    if len(block) > size:
        block = hashlib.sha256(block).digest()
    block = block.ljust(size, b"\0")
    return tuple(hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))  # type: ignore[return-value]


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

    About 2 µs for what is E.164 already, with blanks or hyphens or without; 60 µs for all else.
    Raises ValueError when it is not a possible number.
    """
    if (plain := _as_international(value)) is not None:
        return plain
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError("Not a phone number: write it with its country, as +49 30 1234567.") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("Not a phone number: it is too long or too short for its country.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _as_international(value: str) -> str | None:
    """Return a number that is E.164 beyond doubt, None for what the library has to read.

    Beyond doubt is a country's calling code and a length of its numbers, without a leading zero and
    without anything in front that the country's metadata would strip.
    """
    if not _INTERNATIONAL.fullmatch(value):
        return None
    plain = value.replace(" ", "").replace("-", "")
    for end in (2, 3, 4):
        if lengths_and_prefix := _plan(plain[1:end]):
            lengths, prefix = lengths_and_prefix
            if len(plain) - end in lengths and plain[end] != "0" and not prefix.match(plain, end):
                return plain
            return None
    return None


@cache
def _plan(code: str) -> tuple[frozenset[int], re.Pattern[str]] | None:
    """Return a calling code's lengths of national numbers and what its numbers may be prefixed by."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code))
    metadata = PhoneMetadata.metadata_for_region(regions[0], None) if regions else None
    if metadata is None or metadata.general_desc is None:
        return None
    return frozenset(metadata.general_desc.possible_length), re.compile(
        metadata.national_prefix_for_parsing or "(?!)"
    )
