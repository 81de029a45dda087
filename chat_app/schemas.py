"""What all request and answer models share. Domain models stand beside their domain.

`defer_build`: pydantic builds what validates a model when it is used first. To build all of them is a tenth of the
start, and most are only ever described, in `/openapi.json`.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

MAX_SEQ = 2**53 - 1
"""Largest sequence number on the wire: what a JavaScript number holds exactly."""


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`, milliseconds: ``2026-11-21T08:37:52.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def printable(value: str) -> str:
    """PostgreSQL refuses NUL, and lone surrogates fail in the drivers: neither may join a batch."""
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode (it holds half of a surrogate pair)") from None
    return value


PATTERN_MESSAGES: dict[str, str] = {}
"""What to tell somebody whose text does not match: nobody should have to read a regular expression."""


def pattern(regex: str, message: str) -> StringConstraints:
    """Text that matches `regex`; `message` follows the field's name, e.g. "must be a UUID"."""
    PATTERN_MESSAGES[regex] = message
    return StringConstraints(pattern=regex)


Id = Annotated[
    str,
    pattern(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", "must be a UUID"),
    AfterValidator(str.lower),
    Field(json_schema_extra={"format": "uuid"}),
]
Text = Annotated[str, AfterValidator(printable)]


_ONE_LINE = r"^[^\r\n]*$"
PATTERN_MESSAGES[_ONE_LINE] = "must be a single line"


def line(min_length: int, max_length: int) -> StringConstraints:
    """The limits of a single line of text, trimmed, of so many characters; goes with `printable`."""
    return StringConstraints(strip_whitespace=True, min_length=min_length, max_length=max_length, pattern=_ONE_LINE)


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC; one without a zone is taken to be in UTC already."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


Moment = Annotated[datetime, AfterValidator(in_utc)]
"""An instant that a caller gives, ISO 8601."""
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
UtcTime = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str, when_used="always"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Input(BaseModel):
    """A request body or event payload: strict types, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class OptionalInput(Input):
    """A request body that may be left out: that is the same as an empty object."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_empty(cls, value: object) -> object:
        return {} if value is None else value


class Query(BaseModel):
    """Query parameters and path parts: text is read as the declared type, unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As pydantic makes it, and kept: flask-openapi wants it for each request, a sixth of whose time it took."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _plain_schema(cls)


@cache
def _plain_schema(model: type[Query]) -> dict[str, Any]:
    return super(Query, model).model_json_schema()


class Output(BaseModel):
    """An answer. `from_attributes` so that a row can be given as it is. All its fields are always there."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True, defer_build=True)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


Item = TypeVar("Item")


class Page(Output, Generic[Item]):
    """One page of a list. A cursor is opaque; `null` means that there is nothing further that way."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`UserPage` for a page of `UserOut`."""
        return f"{params[0].__name__.removesuffix('Out')}Page"

    items: list[Item]
    next_cursor: str | None = Field(None, description="Pass it as `cursor` for the following page.")
    prev_cursor: str | None = Field(None, description="Pass it as `cursor` for the page before.")


class PageQuery(Query):
    limit: int = Field(50, ge=1, le=100, description="Most items in the answer.")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` or `prev_cursor` of an earlier answer.")
