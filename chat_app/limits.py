"""How many requests are answered: by account, by address, and how many passwords may be guessed (docs/limits.md).

Decided once the caller is known and before anything is done for them, in one round trip to Redis. The keys in
Redis hold no names and no addresses, only keyed hashes of them.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from chat_app.auth.current import require_identity
from chat_app.auth.tokens import Identity
from chat_app.buckets import Balance, Buckets, Charge, Limit, MemoryBuckets, NoBuckets, RedisBuckets
from chat_app.errors import ChatError
from chat_app.settings import Settings

View = TypeVar("View", bound=Callable[..., object])
GUESSES_HERE = Limit(10, 300)
"""Failed log-ins of one name from one address."""
GUESSES_OF_NAME = Limit(100, 3600)
"""Of one name from all addresses; far above the one before, so that nobody can lock out another easily."""
GUESSES_OF_ADDRESS = Limit(100, 300)
"""From one address, of all names."""
GUESSES = "Too many failed attempts."
_API = ("api", "api_unversioned")
_FREE = ("/health", "/media/")
"""Paths below the root or the API's base without a limit: probes, and pictures that a page loads by the dozen."""


def auth_limited(view: View) -> View:
    """Mark a view that tries credentials or causes mail: the address's AUTH_RATE_LIMIT counts for it, too.

    Goes below the route decorator, like the marks of `chat_app.auth.current`.
    """
    view.is_auth_limited = True  # type: ignore[attr-defined]
    return view


def limited(rate: str) -> Callable[[View], View]:
    """Mark a view that is dear: one account (of a public view: one address) may call it only so often."""

    def mark(view: View) -> View:
        view.limit = Limit.parse(rate)  # type: ignore[attr-defined]
        return view

    return mark


def counts_failures(view: View) -> View:
    """Mark a public view whose callers prove who they are: it calls `refuse_stranger` when they do not."""
    view.counts_failures = True  # type: ignore[attr-defined]
    return view


class Limits:
    """The limits of one application, and where they are counted."""

    def __init__(self, settings: Settings) -> None:
        self.address = Limit.parse(settings.address_rate_limit)
        self.auth = Limit.parse(settings.auth_rate_limit)
        self._secret = blake2b(settings.secret_key.encode(), person=b"limits").digest()
        self.buckets: Buckets = NoBuckets()
        if settings.rate_limits:
            self.buckets = RedisBuckets(settings.redis_url) if settings.redis_url else MemoryBuckets()

    def key(self, kind: str, *parts: str) -> str:
        """The name of a bucket, from which nobody can tell whose it is."""
        text = "\0".join((kind, *parts)).encode("utf-8", "replace")
        return f"{kind}:{blake2b(text, key=self._secret, digest_size=16).hexdigest()}"

    def of_address(self, address: str) -> Charge:
        return Charge(self.key("address", network_of(address)), self.address)


def init_limits(app: Flask, settings: Settings) -> None:
    app.extensions["limits"] = Limits(settings)
    app.before_request(_admit_elsewhere)
    app.after_request(_tell)


def limits() -> Limits:
    found: Limits = current_app.extensions["limits"]
    return found


def network_of(address: str) -> str:
    """What counts as one address: an IPv6 customer has a whole /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return str(ip)
    return str(ip.ipv4_mapped) if ip.ipv4_mapped else f"{int(ip) >> 64:x}/64"


def admit() -> None:
    """Runs before each request of the API, in the place of `require_identity`: who calls, and is it too often?"""
    try:
        require_identity()
    except ChatError as error:
        if "identity" in g:
            _admit_account(g.identity)
        else:
            refuse_stranger(error)
        raise
    if "identity" in g:
        _admit_account(g.identity)
    elif request.method != "OPTIONS":
        _admit_stranger()


def _admit_elsewhere() -> None:
    if not set(request.blueprints).intersection(_API):
        _admit_stranger()


def _admit_stranger() -> None:
    if request.blueprint == "page" or is_free(request.path) or hasattr(_view(), "counts_failures"):
        return
    _take(limits().of_address(_address()), *_of_view(network_of(_address())))


def _admit_account(caller: Identity) -> None:
    plan = Limit(max(1, caller.requests_per_minute), 60)
    _take(Charge(f"user:{caller.user_id}", plan), *_of_view(caller.user_id))


def _of_view(caller: str) -> Iterator[Charge]:
    """What this view's own marks add."""
    here, view = limits(), _view()
    if hasattr(view, "is_auth_limited"):
        yield Charge(here.key("auth", network_of(_address())), here.auth)
    if limit := getattr(view, "limit", None):
        yield Charge(here.key("view", view.__module__, view.__qualname__, caller), limit)


def _view() -> Any:
    return current_app.view_functions.get(request.endpoint or "")


def is_free(path: str) -> bool:
    """Whether calls of this path are never counted."""
    return path.removeprefix("/api").removeprefix("/v1").startswith(_FREE)


def _address() -> str:
    return request.remote_addr or ""


def refuse_stranger(error: ChatError, address: str | None = None) -> None:
    """Count a wrong token or key against its address; `rate_limited` in the place of `error` when there are many.

    A token that has merely expired is genuine: it does not count, or else an office that comes back from
    lunch could not refresh.
    """
    if error.code in ("unauthorized", "token_revoked", "banned"):
        _take(limits().of_address(_address() if address is None else address))


def check_connects(address: str) -> None:
    """Refuse a socket when too many were opened from this address; decided in this process, settled afterwards."""
    wait = current_app.extensions["connect_rate"].take(limits().key("connect", network_of(address)))
    if wait:
        raise ChatError("rate_limited", f"Too many connections. {_again(wait)}", retry_after=wait)


@contextmanager
def guessing(name: str) -> Iterator[None]:
    """Around the check of a password, `name` being whom it is for: refuses when too many were wrong.

    Only a wrong one counts. It is counted before the check and given back after it: of a thousand guesses at
    the same moment, no more than the limit reach bcrypt. For the address that would hurt (an office that logs
    in at nine is many at a time), and AUTH_RATE_LIMIT bounds it anyway. Once refused, the right password is
    refused as well; else it would be the one that is told apart.
    """
    here, place = limits(), network_of(_address())
    of_name = [
        Charge(here.key("guess", name.casefold(), place), GUESSES_HERE),
        Charge(here.key("guess", name.casefold()), GUESSES_OF_NAME),
    ]
    of_address = Charge(here.key("guess", "", place), GUESSES_OF_ADDRESS)
    _take(*of_name, of_address._replace(cost=0), reason=GUESSES)
    try:
        yield
    except ChatError as error:
        if error.code in ("invalid_credentials", "validation_failed"):
            here.buckets.charge([of_address], force=True)
            raise
        _give_back(of_name)
        raise
    except BaseException:
        _give_back(of_name)
        raise
    _give_back(of_name)


def _give_back(charges: list[Charge]) -> None:
    limits().buckets.charge([charge._replace(cost=-charge.cost) for charge in charges], force=True)


def _take(*charges: Charge, reason: str = "Too many requests.") -> None:
    """Take from all of these buckets; `rate_limited` with the exact time to wait when one is used up."""
    balances = limits().buckets.charge(charges)
    if not balances:
        return
    worst = max(balances, key=lambda balance: (balance.wait, -balance.left))
    g.balance = worst
    if worst.wait:
        raise ChatError("rate_limited", f"{reason} {_again(worst.wait)}", retry_after=worst.wait)


def _again(wait: float) -> str:
    seconds = math.ceil(wait)
    return "Try again in a second." if seconds == 1 else f"Try again in {seconds} seconds."


def _tell(response: Response) -> Response:
    """The headers with which a client can stay below its limit."""
    balance: Balance | None = g.pop("balance", None)
    if balance is not None:
        response.headers["X-RateLimit-Limit"] = str(balance.limit.amount)
        response.headers["X-RateLimit-Remaining"] = str(balance.left)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(time.time() + balance.full_in))
    return response
