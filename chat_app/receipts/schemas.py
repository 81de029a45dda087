from typing import Annotated

from pydantic import Field

from chat_app.schemas import MAX_SEQ, Id, Input


class Mark(Input):
    """Everything up to `seq` was delivered, or read."""

    conversation_id: Id
    seq: Annotated[int, Field(ge=1, le=MAX_SEQ)]
