from typing import Literal

from pydantic import BaseModel, Field

from chat_app.errors import STATUS


class FieldError(BaseModel):
    """One field that is not acceptable. `field` is a dotted path; empty: the body as a whole."""

    field: str
    message: str


class ErrorOut(BaseModel):
    """What went wrong. Programs look at `code`, people read `detail`."""

    code: str = Field(description="A stable word.", json_schema_extra={"enum": list(STATUS)})
    detail: str = Field(description="A sentence that says what to do.")
    errors: list[FieldError] = Field([], description="The bad fields, when single fields are bad.")
    retry_after: float = Field(0, ge=0, description="Seconds to wait, when waiting helps.")


class Problem(ErrorOut):
    """An error of the HTTP interface (RFC 9457)."""

    type: Literal["about:blank"]
    title: str = Field(description="The name of the status.")
    status: int = Field(ge=400, le=599)
    request_id: str | None = Field(description="Names this request in the server's log; also `X-Request-ID`.")


class EventError(ErrorOut):
    """Why an event was refused."""

    request_id: str = Field("", description="Names the event in the server's log, when the server is to blame.")


class Refusal(BaseModel):
    """The acknowledgement of an event that was refused; the socket stays open."""

    ok: Literal[False]
    error: EventError
