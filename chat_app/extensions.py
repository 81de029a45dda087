"""The libraries' objects, made once and bound to an application in `create_app()`.

Flask-Limiter's stands beside what it counts by, in `chat_app.limits`.
"""

from typing import TYPE_CHECKING

from celery import Celery
from flask_jwt_extended import JWTManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from chat_app.realtime.transport import SocketIO


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
jwt = JWTManager()
socketio = SocketIO()
celery = Celery("chatsphere", amqp="chat_app.jobs:Amqp")
