"""Calls to others' servers never end up in our own network, and never last."""

from datetime import UTC, datetime, timedelta

import pytest

from delivery.channels.base import OutcomeUnknown, ProviderUnreachable, TransportError
from delivery.channels.http import Answer, HttpClient, check_address, is_public, retry_after
from tests.delivery.providers import serve

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ok(path, headers, body):
    return 200, {}, {"ok": True}


@pytest.fixture(autouse=True)
def nothing_private(settings):
    settings.DELIVERY_PRIVATE_HOSTS = []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "0.0.0.0",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[::]",
        "169.254.169.254", "10.0.0.7", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]",
        "224.0.0.1", "LOCALHOST",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_is_called(host):
    with serve(ok) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(TransportError, match="private network") as refused:
            HttpClient(seconds=0.5).post(f"http://{host}:{port}/", b"{}", {})
    assert refused.value.permanent
    assert server.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.com/", "gopher://example.com", "http://", "//example.com", "x",
        "http://user:secret@example.com/", "http://example.com:99999/", "http://exa mple.com/",
        "http://example.com/\r\nX: 1", "http://[::1", "http://\N{FULLWIDTH DIGIT ONE}27.0.0.1/",
    ],
)  # fmt: skip
def test_malformed_addresses_are_refused(url):
    with pytest.raises(ValueError, match=r"address|private|host"):
        check_address(url, resolver=lambda host, port: ["127.0.0.1"])


def test_one_private_address_among_public_ones_is_enough():
    with pytest.raises(ValueError, match="private network"):
        check_address("https://both.example/", resolver=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    parts, port, ip = check_address("https://fine.example/a", resolver=lambda h, p: ["93.184.216.34"])
    assert (parts.hostname, port, ip) == ("fine.example", 443, "93.184.216.34")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")


def test_a_name_that_resolves_differently_later_is_called_at_the_checked_address(settings):
    """The first question says public, every later one says loopback, where a server listens."""
    answers = [["192.0.2.1"], ["127.0.0.1"]]
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    # 192.0.2.1 is for documentation, so nobody answers; it counts as private, hence allowed by name here.
    settings.DELIVERY_PRIVATE_HOSTS = ["rebinding.example"]
    with serve(ok) as server:
        port = server.url.rpartition(":")[2]
        client = HttpClient(seconds=0.3, resolver=rebinding)
        with pytest.raises(ProviderUnreachable):
            client.post(f"http://rebinding.example:{port}/", b"", {})
        assert asked == ["rebinding.example"]
        assert server.calls == []
        settings.DELIVERY_PRIVATE_HOSTS = []
        with pytest.raises(TransportError, match="private network"):
            client.post(f"http://rebinding.example:{port}/", b"", {})
        assert server.calls == []


def test_redirects_are_not_followed(settings):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    with (
        serve(ok) as inside,
        serve(lambda *call: (302, {"Location": f"{inside.url}/admin"}, {})) as server,
    ):
        answer = HttpClient(seconds=1).post(server.url, b"{}", {})
    assert answer.status == 302
    assert inside.calls == []


def test_an_endless_answer_is_cut_and_a_dripping_one_left(settings):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    with serve(lambda *call: (200, {}, b"x" * 5_000_000)) as server:
        assert len(HttpClient(seconds=2).post(server.url, b"", {}).body) == 64 * 1024
    with serve(lambda *call: "hang") as server, pytest.raises(OutcomeUnknown):
        HttpClient(seconds=0.3).post(server.url, b"", {})


def test_a_header_with_a_line_break_is_never_sent(settings):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    with serve(ok) as server:
        with pytest.raises(TransportError):
            HttpClient(seconds=1).post(server.url, b"", {"X-Id": "1\r\nX-Evil: 1"})
        assert server.calls == []


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("999999999999", timedelta(hours=6)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(text, pause):
    assert retry_after(Answer(429, {"retry-after": text}, b""), now=NOW) == pause
