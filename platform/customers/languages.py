"""The language in which a customer is written to."""

from django.conf import settings
from django.utils import translation

from customers.models import Customer


def language_of(customer: Customer) -> str:
    """Return the language of ours that fits the customer's, or the shop's."""
    try:
        return translation.get_supported_language_variant(customer.locale.replace("_", "-"))
    except LookupError:
        return str(settings.LANGUAGE_CODE)
