"""The application factory: a table of contents of the server."""

import os
from typing import Literal

from flask import Flask
from flask_openapi import Info, OpenAPI

from chat_app import __version__
from chat_app.settings import Settings, load_settings

Role = Literal["web", "worker", "command"]


def create_app(settings: Settings | None = None, role: Role | None = None) -> Flask:
    """The application. `role` says what the process is for: only a `web` process serves sockets.

    Left out, it is `command` under the `flask` command and `web` elsewhere.
    """
    settings = settings or load_settings()
    role = role or ("command" if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else "web")
    app = OpenAPI(__name__, info=Info(title="ChatSphere", version=__version__), doc_ui=False, static_folder=None)
    app.config["SETTINGS"] = settings
    _configure_http(app, settings)
    _configure_database(app, settings, role)
    _configure_auth(app, settings)
    _configure_storage(app, settings)
    _configure_jobs(app, settings, role)
    _configure_realtime(app, settings, role)
    _register_routes(app)
    _register_commands(app)
    _trust_proxies(app, settings)
    return app


def _configure_http(app: OpenAPI, settings: Settings) -> None:
    from chat_app.addresses import LazyRule
    from chat_app.errors import register_error_handlers
    from chat_app.http import init_http
    from chat_app.logs import init_logs

    init_logs(settings)
    app.url_rule_class = LazyRule
    init_http(app, settings)
    register_error_handlers(app)


def _configure_database(app: Flask, settings: Settings, role: Role) -> None:
    from chat_app.audit import models as _audit  # noqa: F401
    from chat_app.auth import models as _auth  # noqa: F401
    from chat_app.conversations import models as _conversations  # noqa: F401
    from chat_app.db import engine_options, init_db
    from chat_app.extensions import db
    from chat_app.messages import models as _messages  # noqa: F401
    from chat_app.operations import models as _operations  # noqa: F401
    from chat_app.plans import models as _plans  # noqa: F401
    from chat_app.reads import init_reads
    from chat_app.uploads import models as _uploads  # noqa: F401
    from chat_app.users import models as _users  # noqa: F401

    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings)
    db.init_app(app)
    init_db(app)
    init_reads(app)
    if role == "command":  # `flask db …`: Alembic is an eighth of the start, and no server needs it
        from flask_migrate import Migrate

        Migrate(app, db, render_as_batch=settings.database_url.startswith("sqlite"))


def _configure_auth(app: Flask, settings: Settings) -> None:
    from chat_app.auth.tokens import init_tokens
    from chat_app.limits import init_limits
    from chat_app.oauth.cookie import init_cookie
    from chat_app.oauth.providers import init_providers

    init_tokens(app, settings)
    init_limits(app, settings)
    init_cookie(app, settings)
    init_providers(app, settings)


def _configure_storage(app: Flask, settings: Settings) -> None:
    from chat_app.uploads.storage import init_storage

    init_storage(app, settings)


def _configure_jobs(app: Flask, settings: Settings, role: Role) -> None:
    from chat_app.extensions import socketio
    from chat_app.jobs import LocalJobs, init_jobs
    from chat_app.mail.service import announce

    init_jobs(app, settings)
    if role != "command":
        announce(settings)
    if settings.embedded and role == "web":
        app.extensions["local_jobs"] = LocalJobs(app, socketio.start_background_task)


def _configure_realtime(app: Flask, settings: Settings, role: Role) -> None:
    from chat_app.realtime.server import init_realtime

    init_realtime(app, settings, serving=role == "web")


def _register_routes(app: OpenAPI) -> None:
    from chat_app import page
    from chat_app.admin.routes import bp as admin
    from chat_app.auth.routes import bp as auth
    from chat_app.auth.security_routes import bp as security
    from chat_app.conversations.routes import bp as conversations
    from chat_app.conversations.routes import rooms_bp as rooms
    from chat_app.documents import routes as documents
    from chat_app.documents.area import Area
    from chat_app.messages.routes import bp as messages
    from chat_app.oauth.routes import bp as oauth
    from chat_app.operations import routes as operations
    from chat_app.recovery.routes import bp as recovery
    from chat_app.uploads.routes import bp as uploads
    from chat_app.users.avatar_routes import bp as avatars
    from chat_app.users.routes import bp as users

    api = Area("api", __name__, url_prefix="/api/v1")
    for bp in (auth, oauth, security, recovery, users, avatars, conversations, rooms, messages, uploads, admin):
        api.register_api(bp)
    api.register_api(operations.api_bp)
    app.register_api(api)
    app.register_blueprint(api, name="api_unversioned", url_prefix="/api")
    app.register_api(operations.bp)
    app.register_blueprint(documents.bp)
    app.register_blueprint(page.bp)


def _register_commands(app: Flask) -> None:
    from chat_app.commands import register_commands

    register_commands(app)


def _trust_proxies(app: Flask, settings: Settings) -> None:
    """Last, so that it is outermost: Socket.IO's requests pass it, too."""
    from chat_app.proxies import TrustedProxies

    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
