"""Codes: what a typing mistake does to them."""

import pytest

from campaigns.coupons.codes import (
    ALPHABET,
    LENGTH,
    SPACE,
    CodeInvalid,
    is_well_formed,
    new_code,
    normalise,
    shown,
)


def test_the_space_is_large_and_the_alphabet_is_clear():
    assert SPACE >= 10**12
    assert not set("01ILO") & set(ALPHABET)
    codes = {new_code("SPRING") for _n in range(2000)}
    assert len(codes) == 2000
    assert all(is_well_formed(code, "SPRING") and len(code) == 6 + LENGTH for code in codes)


def test_every_wrong_character_and_every_swap_is_found():
    code = new_code()
    for place in range(LENGTH):
        for char in ALPHABET:
            wrong = code[:place] + char + code[place + 1 :]
            assert is_well_formed(wrong) is (wrong == code)
    for place in range(LENGTH - 1):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert is_well_formed(swapped) is (swapped == code)


def test_case_spaces_and_dashes_do_not_matter():
    code = new_code("HI")
    assert normalise(f" {shown(code).lower()} ") == code


@pytest.mark.parametrize("text", ["", " ", "ÄÖÜ", "A\0B", "x" * 41, "１２３", "A'; DROP"])
def test_what_cannot_be_a_code_is_refused(text):
    with pytest.raises(CodeInvalid):
        normalise(text)
