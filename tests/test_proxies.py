"""Whose word is taken for where a request came from."""

from typing import Any

import pytest

from chat_app.proxies import TrustedProxies, canonical_address


def seen(hops: int, **headers: str) -> dict[str, Any]:
    """What the application sees of a request whose last sender is 10.0.0.1."""
    environ: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "HTTP_HOST": "chat.example"}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    TrustedProxies(lambda environ, start_response: [], hops)(environ, None)
    return environ


@pytest.mark.parametrize(
    ("hops", "header", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1,198.51.100.2,203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_wrote(hops: int, header: str, address: str):
    assert seen(hops, x_forwarded_for=header)["REMOTE_ADDR"] == address


def test_an_opening_quote_of_the_client_does_not_swallow_the_proxys_entry():
    assert seen(1, x_forwarded_for='"198.51.100.1, 203.0.113.9')["REMOTE_ADDR"] == "203.0.113.9"


@pytest.mark.parametrize("header", ["", "203.0.113.9", "unknown, x", "<script>, 203.0.113.9", " , ,"])
def test_what_is_no_address_or_too_short_a_way_counts_for_the_proxy(header: str):
    assert seen(2, x_forwarded_for=header)["REMOTE_ADDR"] == "10.0.0.1"


def test_scheme_and_host_follow_the_same_rule():
    told = seen(1, x_forwarded_proto="ftp, https", x_forwarded_host="evil.example, talk.example:8443")
    assert (told["wsgi.url_scheme"], told["HTTP_HOST"]) == ("https", "talk.example:8443")


@pytest.mark.parametrize("host", ["a b", "talk.example/evil", "talk.example@evil", "\x7f", "x" * 300, "a:999999"])
def test_a_host_that_is_none_is_ignored(host: str):
    assert seen(1, x_forwarded_host=host)["HTTP_HOST"] == "chat.example"


def test_other_headers_never_count():
    told = seen(1, x_real_ip="203.0.113.9", forwarded="for=203.0.113.9;proto=https;host=evil.example")
    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"], told["HTTP_HOST"]) == ("10.0.0.1", "http", "chat.example")


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "1.2.3.4.5", "[::1", "::g", "1.2.3.4:x", "0x7f.1"])
def test_what_is_no_address(text: str):
    assert canonical_address(text) == ""
