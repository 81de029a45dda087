"""Passwords: which ones are refused, and their hashes.

The rules are those of NIST SP 800-63B, 5.1.1.2: length, and neither a common password nor one's own name; no rules
about kinds of characters. Hashes are bcrypt, computed off the hub because one takes a quarter of a second of CPU.
"""

from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import distribution
from types import ModuleType

import bcrypt
from flask import current_app

from chat_app.errors import invalid
from chat_app.runtime import run_blocking

MIN_LENGTH = 8
COMMON = "is one of the passwords that are tried first; choose a rarer one, such as four words of your own"
OWN_NAME = "must be neither your username nor your address; choose something that others cannot know"
_ABSENT = "$2b${rounds:02}$C6UzMDM.H6dfI/f/IKcEeO7ZHhY0FDnCIV/o.rnPu9lB1kVgzHn3u"
"""Compared with when there is no such account, at the same cost, so that the answer takes as long."""


def is_common(password: str) -> bool:
    """Whether it is among the 30,000 that leaks hold most often, whatever the case."""
    return password.casefold() in _common_passwords()


@cache
def _common_passwords() -> frozenset[str]:
    """The list that zxcvbn ships, those of a length that we accept; read at the first new password.

    Its file alone is loaded, and dropped again: 6 ms and 5 MB are held, while `import zxcvbn` builds tables
    that we do not use (20 ms, 15 MB).
    """
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    module = ModuleType("frequency_lists")
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    return frozenset(word.casefold() for word in module.FREQUENCY_LISTS["passwords"] if len(word) >= MIN_LENGTH)


def is_own_name(password: str, username: str, email: str | None) -> bool:
    """Whether it is the username, the address or what stands before its @, whatever the case."""
    names = {username} if email is None else {username, email, email.rpartition("@")[0]}
    return password.strip().casefold() in {name.casefold() for name in names}


def refuse_own_name(field: str, password: str, username: str, email: str | None) -> None:
    if is_own_name(password, username, email):
        raise invalid(field, OWN_NAME)


def hash_password(password: str) -> str:
    return str(run_blocking(bcrypt.hashpw, password.encode(), bcrypt.gensalt(_rounds())).decode())


def verify_password(password: str, password_hash: str | None) -> bool:
    """True when they match. An account without a password (`None`) matches nothing, in the same time."""
    given = password.encode()[:72]
    expected = password_hash or _ABSENT.format(rounds=_rounds())
    return bool(run_blocking(bcrypt.checkpw, given, expected.encode())) and password_hash is not None


def _rounds() -> int:
    rounds: int = current_app.config["SETTINGS"].bcrypt_rounds
    return rounds
