from typing import Literal

from pydantic import ConfigDict, Field

from chat_app.oauth.schemas import ProviderOut
from chat_app.schemas import Output


class State(Output):
    """How a part of the server is."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    status: Literal["ok", "degraded", "unavailable", "disabled"]
    detail: str | None = Field(None, description="What is wrong.")


class Health(State):
    """How the server is, and how much it holds."""

    version: str
    database: str = Field(description="The kind of database: `sqlite`, `postgresql`, `mariadb` or `mysql`.")
    redis: Literal["ok", "unavailable", "disabled"]
    connections: int = Field(description="Sockets of this process.")
    users: int
    conversations: int


class InfoLimits(Output):
    message_length: int = Field(description="Characters of the longest message.")
    sync: int = Field(description="Most messages in one answer of `sync`.")
    request_bytes: int = Field(description="Bytes of the largest request body.")


class InfoLinks(Output):
    openapi: str
    asyncapi: str
    docs: str


class Info(Output):
    """What a client wants to know before anybody signs in."""

    name: str
    version: str
    registration: Literal["open", "closed"]
    providers: list[ProviderOut] = Field(description="Who one can sign in with, besides a password.")
    password_reset: bool = Field(description="Whether forgotten passwords can be reset by mail.")
    limits: InfoLimits
    api: InfoLinks


class OwnStats(Output):
    """Numbers about one's own use."""

    conversations: int
    messages: int = Field(description="Messages that one has sent.")
    unread: int


class ServerStats(Output):
    """Numbers about the whole server."""

    users: int
    conversations: int
    messages: int = Field(description="Messages of living conversations.")
    connections: int = Field(description="Sockets of the process that answers.")
    online: int | None = Field(description="People with an open device, in all processes; null while Redis is away.")


class Stats(OwnStats):
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    server: ServerStats | None = Field(None, description="For who has the permission `stats.read`.")
