"""A blueprint of the API, whose part of `/openapi.json` is worked out when somebody asks for it, not at the start."""

from typing import Any

from flask_openapi import APIBlueprint
from flask_openapi.utils import parse_parameters


class Area(APIBlueprint):
    """Use it as flask-openapi's `APIBlueprint`: it validates the same.

    Each route's JSON schemas cost some milliseconds, a third of a second for all routes: too much for every
    start of every process. `_collect_openapi_info` is private to flask-openapi; tests/documents compares what comes
    out of it, and what it returns (the models of a route's parameters) is all that its decorators use.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._undescribed: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def _collect_openapi_info(self, rule: str, func: Any, **told: Any) -> Any:
        self._undescribed.append(((rule, func), told))
        return parse_parameters(func, doc_ui=False)

    def describe(self) -> None:
        """Fill `paths`, `tags` and `components_schemas`."""
        while self._undescribed:
            route, told = self._undescribed.pop(0)
            super()._collect_openapi_info(*route, **told)
