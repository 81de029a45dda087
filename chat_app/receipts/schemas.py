from typing import Annotated

from pydantic import Field

from chat_app.schemas import MAX_SEQ, Id, Input, Output


class Mark(Input):
    """Everything up to `seq` was delivered, or read."""

    conversation_id: Id
    seq: Annotated[int, Field(ge=1, le=MAX_SEQ)]


class ReceiptOut(Output):
    """Somebody's watermarks in a conversation: everything up to them was delivered, and read."""

    conversation_id: str
    user_id: str
    delivered_seq: int
    read_seq: int
