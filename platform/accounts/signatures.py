"""Proof that a visitor is the customer they say: the shop's server signs the customer's id.

A publishable key is everybody's, so a browser's word about who it is opens nothing. The shop's server
knows the key's signing secret and hands each signed-in visitor HMAC-SHA256(secret, customer id) in hex
(RFC 2104); the browser passes it on.
"""

import hashlib
import hmac

from accounts.models import ApiKey
from core.encryption import keyed_hash


def signing_secret(key: ApiKey) -> str:
    """Return the secret of a publishable key: 64 hex digits, derived, so that nothing is stored."""
    return keyed_hash("customer-signature", str(key.pk))


def sign(key: ApiKey, customer: str) -> str:
    """Return the signature of a customer's id: 64 hex digits."""
    return hmac.new(signing_secret(key).encode(), customer.encode(), hashlib.sha256).hexdigest()


def is_signed(key: ApiKey, customer: str, signature: object) -> bool:
    """Say whether the signature is the customer's, in constant time."""
    if not isinstance(signature, str) or not signature.isascii():
        return False
    return hmac.compare_digest(sign(key, customer), signature.lower())
