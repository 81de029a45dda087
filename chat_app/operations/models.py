import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.extensions import Model


class ServerState(Model):
    """Facts about this installation, e.g. `epoch` (contract: it changes when counters may have gone back)."""

    __tablename__ = "server_state"

    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(200))
