from pydantic import Field

from chat_app.schemas import Input, Output, Query


class PlanOut(Output):
    name: str
    requests_per_minute: int
    tokens_per_day: int


class PlanList(Output):
    items: list[PlanOut]


class PlanPath(Query):
    name: str = Field(max_length=32)


class PlanUpdate(Input):
    """What an account of this plan may use; it counts from the next request on."""

    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    tokens_per_day: int | None = Field(
        None, ge=0, le=10**12, description="Tokens of assistants between midnights in UTC."
    )
