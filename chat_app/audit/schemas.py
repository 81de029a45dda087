from typing import Any

from pydantic import Field

from chat_app.schemas import Id, Moment, Output, PageQuery, UtcTime


class AuditEventOut(Output):
    """A security event; `detail` depends on `action`, e.g. `{"from": "member", "to": "agent"}`."""

    id: str
    at: UtcTime
    action: str
    actor_id: str | None
    target_id: str | None
    address: str
    user_agent: str
    request_id: str
    detail: dict[str, Any]


class AuditQuery(PageQuery):
    action: str = Field("", max_length=40, description="Exactly this action, e.g. `user.banned`.")
    actor_id: Id | None = Field(None, description="Done by this account.")
    target_id: Id | None = Field(None, description="Done to this account.")
    since: Moment | None = Field(None, description="Not before this moment.")
    until: Moment | None = Field(None, description="Before this moment.")
