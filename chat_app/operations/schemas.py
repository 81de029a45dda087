from typing import Literal

from pydantic import ConfigDict, Field

from chat_app.schemas import Output


class State(Output):
    """How a part of the server is."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    status: Literal["ok", "degraded", "unavailable", "disabled"]
    detail: str | None = Field(None, description="What is wrong.")


class Health(State):
    """How the server is, and how much it holds."""

    database: str = Field(description="The kind of database.")
    redis: Literal["ok", "unavailable", "disabled"]
    connections: int = Field(description="Sockets of this process.")
    users: int
    conversations: int
