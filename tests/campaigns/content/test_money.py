"""Amounts in mails read as the reader's language writes them."""

import pytest
from django.utils import translation

from campaigns.content.filters import money


@pytest.mark.parametrize(
    ("language", "value", "currency", "shown"),
    [
        ("en", "2.75", "USD", "$2.75"),
        ("en", "1234.5", "EUR", "€1,234.50"),
        ("zh-hans", "2.75", "CNY", "¥2.75"),
        ("en", "1500", "JPY", "¥1,500"),
        ("en", "soon", "USD", "soon"),
        ("en", "NaN", "USD", "NaN USD"),
        ("en", "1e999999", "USD", "1e999999 USD"),
        ("en", "", "USD", ""),
    ],
)
def test_money(language, value, currency, shown):
    with translation.override(language):
        assert money(value, currency) == shown
