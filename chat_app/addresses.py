"""How Flask's map of addresses is kept."""

from collections.abc import Callable
from types import MethodType
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule that learns to write its address (`url_for`) when it first has to.

    werkzeug compiles two functions for that for each of our 159 rules, a tenth of the start, and we write hardly any
    address. `_compile_builder` is private to werkzeug; tests/test_addresses.py notices when it is no more.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        compile_now = super()._compile_builder
        name = "_build_unknown" if append_unknown else "_build"

        def build(rule: Rule, /, **values: Any) -> Any:
            builder = MethodType(compile_now(append_unknown), rule)
            setattr(rule, name, builder)
            return builder(**values)

        return build
