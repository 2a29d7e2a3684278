"""Keyed hashes: one at a time and many at once are the same."""

import hashlib
import hmac

import pytest

from core.encryption import keyed_hash, keyed_hashes


@pytest.mark.parametrize("key", ["k", "x" * 64, "long" * 40, "schlüssel"])
def test_many_hashes_are_those_of_the_standard_library(key, settings):
    settings.HASH_KEY = key
    values = ["", "c1", "ada@example.com", "绿茶", "x" * 300]
    expected = {
        value: hmac.new(key.encode(), f"email\0{value}".encode(), hashlib.sha256).hexdigest()
        for value in values
    }
    assert keyed_hashes("email", values) == expected
    assert {value: keyed_hash("email", value) for value in values} == expected
