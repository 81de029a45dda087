import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.extensions import Model


class Plan(Model):
    """What an account may use. The rows are made by a migration; administrators change their numbers."""

    __tablename__ = "plans"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    requests_per_minute: Mapped[int] = mapped_column(sa.Integer)
    """HTTP requests of an account, all its devices and keys together."""
    tokens_per_day: Mapped[int] = mapped_column(sa.BigInteger)
    """Tokens of assistants, both ways, between two midnights in UTC."""
