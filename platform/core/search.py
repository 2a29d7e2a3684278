"""Search over what is stored encrypted or too large to scan: exact by keyed hash, by prefix otherwise."""

from core.encryption import keyed_hash, normalise_email


def email_hash(term: str) -> str | None:
    """Return the keyed hash of an e-mail address, or None when the words are not an address."""
    try:
        return keyed_hash("email", normalise_email(term))
    except ValueError:
        return None
