"""Reverse proxies: whose word is taken for where a request came from (`TRUSTED_PROXIES`).

Each proxy appends the address of whoever spoke to it to `X-Forwarded-For`. Of N trusted proxies the first
therefore wrote the Nth entry from the right; everything to the left of it was sent by the client and may
be invented. Without trusted proxies all such headers are ignored. `Forwarded` and `X-Real-IP` always are.

Not werkzeug's ProxyFix: it reads the headers as lists of quoted strings, so that a client's opening quote
swallows the entry of the proxy, and it takes any text for an address.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Any

_HOST = re.compile(r"[A-Za-z0-9.\-_]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")


class TrustedProxies:
    """WSGI middleware; outermost, so that Socket.IO and Flask see the same address, scheme and host."""

    def __init__(self, app: Any, hops: int) -> None:
        self._app = app
        self._hops = hops

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if address := canonical_address(self._entry(environ, "HTTP_X_FORWARDED_FOR")):
            environ["REMOTE_ADDR"] = address
        scheme = self._entry(environ, "HTTP_X_FORWARDED_PROTO").lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = self._entry(environ, "HTTP_X_FORWARDED_HOST")
        if _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host
        return self._app(environ, start_response)

    def _entry(self, environ: dict[str, Any], header: str) -> str:
        """What the outermost trusted proxy wrote, "" if fewer entries came than there are proxies."""
        entries = environ.get(header, "").split(",")
        return entries[-self._hops].strip() if len(entries) >= self._hops else ""


def canonical_address(text: str) -> str:
    """An IP address in its usual form, without port; IPv4 in IPv6 as IPv4. "" for anything else."""
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address))
    return str(address)
