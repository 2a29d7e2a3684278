"""The short way for numbers that are E.164 already says what the library says."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.encryption import normalise_phone

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
GAPS = st.sampled_from(["", " ", "-"])


def read(value, country):
    """Return what the library makes of a number, or None."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from(CODES),
    st.text("0123456789", min_size=3, max_size=14),
    GAPS,
    GAPS,
    st.sampled_from(["US", "CN", "DE"]),
)
@example(44, "07700900123", "", "", "US")
@example(39, "0612345678", " ", "", "US")
@example(54, "91123456789", "", "", "US")
@example(7, "88005553535", "", "", "CN")
@example(800, "12345678", "", "", "DE")
def test_any_number_of_any_country(code, digits, first, second, country):
    value = f"+{code}{first}{digits[:3]}{second if digits[3:] else ''}{digits[3:]}"
    expected = read(value, country)
    if expected is None:
        with pytest.raises(ValueError, match="Not a phone number"):
            normalise_phone(value, country)
    else:
        assert normalise_phone(value, country) == expected


def test_the_example_of_each_country():
    for region in phonenumbers.SUPPORTED_REGIONS:
        if (number := phonenumbers.example_number(region)) is not None:
            plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            assert normalise_phone(plain, "US") == plain
