"""In which form identifiers are compared."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.identity.kinds import REFERENCES, STRENGTH, Kind, normalise


@pytest.mark.parametrize(
    ("kind", "raw", "form"),
    [
        ("email", " Ada@Example.COM ", "ada@example.com"),
        ("email", "ada+news.x@example.com", "ada+news.x@example.com"),
        ("email", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"),
        ("email", "info@Bücher.example", "info@xn--bcher-kva.example"),
        ("email", "straße@straße.de", "straße@xn--strae-oqa.de"),
        ("email", "李雷@例子.公司", "李雷@xn--fsqu00a.xn--55qx5d"),
        ("phone", "(030) 1234567", "+49301234567"),
        ("phone", "+1 202 555 0123", "+12025550123"),
        ("phone", "１３８ ００１３ ８０００", None),
        ("handle", "Instagram:@Ada.L", "instagram:ada.l"),
        ("handle", "weibo:李雷", "weibo:李雷"),
        ("wechat_openid", " oLVPpjqs9BhvzwPj5A-vTYAX3GLc", "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"),
        ("device", " AEBE52E7-03EE ", "AEBE52E7-03EE"),
        ("external_id", "Kunde 12", "Kunde 12"),
        ("household", "e\u0301", "é"),
        ("external_id", "e\u0301", "e\u0301"),
    ],
)
def test_forms(kind, raw, form):
    if form is None:  # eleven digits of China are no number of Germany
        assert normalise(kind, raw, "CN") == "+8613800138000"
    else:
        assert normalise(kind, raw, "DE") == form


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("email", "nobody"), ("email", "a@b@example.com"), ("email", "a b@example.com"),
        ("email", "a@exam\u200bple.com"), ("email", "a\u202e@example.com"), ("email", "a@example"),
        ("email", "a@-example.com"), ("email", "x" * 65 + "@example.com"), ("email", "@example.com"),
        ("email", "a\ud800@example.com"), ("email", "a\0@example.com"), ("email", "a@" + "b" * 300 + ".com"),
        ("phone", "12"), ("phone", "call me"), ("phone", ""), ("handle", "ada"), ("handle", "x:"),
        ("handle", "x:a b"), ("wechat_openid", "中文"), ("wechat_unionid", "a b"), ("wechat_external", ""),
        ("device", "a b"), ("device", ""), ("device", "x" * 201), ("anonymous", "a\nb"),
        ("external_id", "a\0b"), ("external_id", "a\ud800"), ("household", "\u200b"), ("nickname", "ada"),
    ],
)  # fmt: skip
def test_what_is_no_identifier_is_refused_with_a_sentence(kind, raw):
    with pytest.raises(ValueError, match=r"\.$"):
        normalise(kind, raw)


@given(kind=st.sampled_from(STRENGTH), raw=st.text(max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_refused_or_its_form_is_a_fixed_point(kind, raw):
    try:
        form = normalise(kind, raw)
    except ValueError:
        return
    assert normalise(kind, form) == form
    assert form == form.strip()
    assert not any(ord(c) < 32 for c in form)
    form.encode()


@given(
    local=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
    domain=st.sampled_from(["example.com", "Bücher.example", "例子.公司", "ＥＸＡＭＰＬＥ.org"]),
)
@settings(max_examples=200, deadline=None)
def test_addresses_are_a_fixed_point_whatever_their_script(local, domain):
    try:
        form = normalise(Kind.EMAIL, f"{local}@{domain}")
    except ValueError:
        return
    assert normalise(Kind.EMAIL, form) == form
    if local.isascii():
        assert normalise(Kind.EMAIL, f"{local.upper()}@{domain.upper()}") == form


@given(st.integers(min_value=1, max_value=999), st.integers(min_value=10**4, max_value=10**11))
@settings(max_examples=200, deadline=None)
def test_numbers_are_a_fixed_point_in_any_country(prefix, number):
    try:
        form = normalise(Kind.PHONE, f"+{prefix} {number}")
    except ValueError:
        return
    assert {normalise(Kind.PHONE, form, country) for country in ("DE", "CN", "US", "ZZ")} == {form}


def test_every_kind_has_a_rule_and_a_rank():
    assert set(STRENGTH) == set(Kind)
    assert Kind.ANONYMOUS not in REFERENCES
