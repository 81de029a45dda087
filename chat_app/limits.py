"""How many requests are answered: by account, by address, and how many passwords may be guessed (docs/limits.md).

Flask-Limiter counts; here is what counts as whose. The keys in Redis hold no names and no addresses, only keyed
hashes of them. Events have limits of their own: `chat_app.realtime.rates`.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from ipaddress import ip_address
from typing import cast

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse

from chat_app.auth.current import require_identity
from chat_app.counters import MemoryCounters, RedisCounters
from chat_app.errors import ChatError, problem
from chat_app.settings import Settings

GUESSES_HERE = parse("10 per 5 minutes")
"""Failed log-ins of one name from one address."""
GUESSES_OF_NAME = parse("300 per hour")
"""Of one name from all addresses; more than one address can use up (120), so that nobody locks out another easily."""
GUESSES_OF_ADDRESS = parse("100 per 5 minutes")
"""From one address, of all names."""
GUESSES = "Too many failed attempts."
REQUESTS = "Too many requests."
_API = {"api", "api_unversioned"}
_FREE = ("/health", "/media/")
"""Paths below the root or the API's base without a limit: probes, and pictures that a page loads by the dozen."""


def init_limits(app: Flask, settings: Settings) -> None:
    """Who calls is found out first, because it decides what is counted; whom that refuses is counted, too."""
    app.config.update(
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_STORAGE_URI=f"shared+{settings.redis_url}" if settings.redis_url else "bounded://",
        RATELIMIT_STRATEGY="fixed-window",
    )
    app.extensions["limits_secret"] = blake2b(settings.secret_key.encode(), person=b"limits").digest()
    app.before_request(_identify)
    limiter.init_app(app)
    app.before_request(_refuse)
    app.after_request(_tell)
    app.register_error_handler(RateLimitExceeded, _exceeded)


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _identify() -> None:
    if _API.intersection(request.blueprints):
        try:
            require_identity()
        except ChatError as error:
            g.refusal = error


def _refuse() -> None:
    if "refusal" in g:
        raise g.refusal


def caller() -> str:
    """Whose requests these are: all devices and keys of an account count together, strangers by their address."""
    return f"user:{g.identity.user_id}" if "identity" in g else _of_address()


def caller_rate() -> str:
    """What the account's plan allows, or ADDRESS_RATE_LIMIT."""
    if "identity" in g:
        return f"{max(1, g.identity.requests_per_minute)}/minute"
    return _settings().address_rate_limit


def _of_address() -> str:
    return of_address(request.remote_addr or "")


def of_address(address: str) -> str:
    return private("address", network_of(address))


limiter = Limiter(caller, application_limits=[caller_rate])
auth_limited = limiter.shared_limit(lambda: _settings().auth_rate_limit, scope="auth", key_func=_of_address)
"""Marks a view that tries credentials or causes mail: AUTH_RATE_LIMIT counts all of these together."""


@limiter.request_filter
def is_free() -> bool:
    """A token that has merely expired is genuine: it does not count, or else an office that comes back from lunch
    could not refresh."""
    expired = "refusal" in g and g.refusal.code == "token_expired"
    return expired or request.blueprint == "page" or is_free_path(request.path)


def is_free_path(path: str) -> bool:
    """Whether calls of this path are never counted."""
    return path.removeprefix("/api").removeprefix("/v1").startswith(_FREE)


def private(*parts: str) -> str:
    """The name of a counter, from which nobody can tell whose it is."""
    text = "\0".join(parts).encode("utf-8", "replace")
    return blake2b(text, key=current_app.extensions["limits_secret"], digest_size=16).hexdigest()


def network_of(address: str) -> str:
    """What counts as one address: an IPv6 customer has a whole /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return str(ip)
    return str(ip.ipv4_mapped) if ip.ipv4_mapped else f"{int(ip) >> 64:x}/64"


def refuse_stranger(error: ChatError, address: str) -> None:
    """Count a socket's wrong token as one over HTTP is; `rate_limited` in the place of `error` when there are many."""
    if error.code in ("unauthorized", "token_revoked", "banned"):
        _take(REQUESTS, parse(_settings().address_rate_limit), of_address(address), "global")


def check_connects(address: str) -> None:
    """Refuse a socket when too many were opened from this address; decided in this process, settled afterwards."""
    wait = current_app.extensions["connect_rate"].take(of_address(address))
    if wait:
        raise _too_many("Too many connections.", time.time() + wait)


@contextmanager
def guessing(name: str) -> Iterator[None]:
    """Around the check of a password, `name` being whom it is for: refuses when too many were wrong.

    Only a wrong one counts. It is counted before the check and given back after it: of a thousand guesses at
    the same moment, no more than the limit reach bcrypt. For the address that would hurt (an office that logs
    in at nine is many at a time), and AUTH_RATE_LIMIT bounds it anyway. Once refused, the right password is
    refused as well; else it would be the one that is told apart.
    """
    name, address = name.casefold(), _of_address()
    of_name = [(GUESSES_HERE, private("guess", name, address)), (GUESSES_OF_NAME, private("guess", name))]
    if limiter.enabled and not limiter.limiter.test(GUESSES_OF_ADDRESS, address):
        raise _too_many(GUESSES, _ends(GUESSES_OF_ADDRESS, address))
    for limit, key in of_name:
        _take(GUESSES, limit, key)
    wrong = False
    try:
        yield
    except ChatError as error:
        wrong = error.code in ("invalid_credentials", "validation_failed")
        raise
    finally:
        if wrong:
            _add(GUESSES_OF_ADDRESS, address)
        else:
            for limit, key in of_name:
                _add(limit, key, cost=-1)


def _add(limit: RateLimitItem, *key: str, cost: int = 1) -> bool:
    """Whether it is within the limit."""
    return not limiter.enabled or limiter.limiter.hit(limit, *key, cost=cost)


def _take(reason: str, limit: RateLimitItem, *key: str) -> None:
    if not _add(limit, *key):
        raise _too_many(reason, _ends(limit, *key))


def _ends(limit: RateLimitItem, *key: str) -> float:
    return limiter.limiter.get_window_stats(limit, *key).reset_time


def _too_many(reason: str, until: float) -> ChatError:
    """`until` is when the window ends, in seconds since 1970."""
    wait = max(0.001, until - time.time())
    seconds = math.ceil(wait)
    again = "a second" if seconds == 1 else f"{seconds} seconds"
    return ChatError("rate_limited", f"{reason} Try again in {again}.", retry_after=wait)


def _exceeded(_: RateLimitExceeded) -> Response:
    limit = limiter.current_limit
    return problem(_too_many(REQUESTS, limit.window.reset_time if limit else time.time()))


def _tell(response: Response) -> Response:
    """The headers with which a client can stay below its limit."""
    if limit := limiter.current_limit:
        count, until = cast(MemoryCounters | RedisCounters, limiter.storage).window(limit.key)
        response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
        response.headers["X-RateLimit-Remaining"] = str(max(0, limit.limit.amount - count))
        response.headers["X-RateLimit-Reset"] = str(math.ceil(until))
    return response
