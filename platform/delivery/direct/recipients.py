"""Who a partner means: the public id, or an address of a customer we know."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from core.encryption import keyed_hash
from customers.identity.kinds import normalise
from customers.models import Customer, Identifier
from customers.selectors import by_external_id

#: By what a customer may be named beside the public id.
KINDS = [
    kind.value
    for kind in Identifier.Kind
    if kind not in (Identifier.Kind.ANONYMOUS, Identifier.Kind.HOUSEHOLD)
]


def find(reference: str | Mapping[str, str]) -> Customer | None:
    """Return the customer, or None. Raises ValueError with a sentence for a malformed address.

    One query, two for a merged customer. Who is named in several ways is the one of the first that fits.
    """
    if isinstance(reference, str):
        return by_external_id(reference)
    for kind, value in reference.items():
        if kind == Identifier.Kind.EXTERNAL_ID:
            found = by_external_id(value)
        else:
            found = _by_identifier(kind, _normalised(kind, value))
        if found is not None:
            return found
    return None


def _normalised(kind: str, value: str) -> str:
    if kind not in KINDS:
        raise ValueError(_("Name the customer by one of: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    return normalise(kind, value)


def _by_identifier(kind: str, value: str) -> Customer | None:
    identifier = (
        Identifier.objects.filter(kind=kind, value_hash=keyed_hash(kind, value), customer__isnull=False)
        .select_related("customer")
        .first()
    )
    return identifier.customer if identifier else None
