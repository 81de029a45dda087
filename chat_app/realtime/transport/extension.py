"""The Flask extension: `flask_socketio.SocketIO` with this package's server, and events without a request's set-up."""

import os
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import flask
import flask_socketio
import socketio
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import SecureCookieSessionInterface
from flask.signals import appcontext_popped, appcontext_pushed, appcontext_tearing_down, request_tearing_down
from flask_socketio import ConnectionRefusedError, _ManagedSession, _SocketIOMiddleware
from werkzeug.exceptions import HTTPException

from chat_app.realtime.transport.addresses import SCHEMES, SEVERAL
from chat_app.realtime.transport.redis import RedisManager
from chat_app.realtime.transport.rooms import Rooms


class SocketIO(flask_socketio.SocketIO):
    """As `flask_socketio.SocketIO`, with two options more.

    :param connect_timeout: seconds within which a client joins a namespace (45)
    :param transport: "stock" takes the library's own server, as any `async_mode` but "eventlet" does.
    """

    server: Any
    manage_session: bool
    _is_fast = False

    def init_app(self, app: flask.Flask | None, transport: str = "fast", **options: Any) -> None:
        mode = options.get("async_mode", self.server_options.get("async_mode"))
        if app is None or transport == "stock" or not _runs_on_eventlet(mode):
            options.pop("connect_timeout", None)
            super().init_app(app, **options)
            return
        self.server_options.update(options)
        options = self.server_options
        self.manage_session = options.pop("manage_session", self.manage_session)
        url, channel = options.pop("message_queue", None), options.pop("channel", "flask-socketio")
        if "client_manager" not in options and url:
            options["client_manager"] = _manager(url, channel)
        if options.get("json") is flask.json:
            options["json"] = _AppJson(app)
        path = (options.pop("path", None) or options.pop("resource", None) or "socket.io").removeprefix("/")
        from chat_app.realtime.transport.server import Server  # it needs eventlet, which not every process has patched

        self._is_fast = True
        self.server = Server(**{**options, "async_mode": "eventlet"})
        self.async_mode = self.server.async_mode
        for message, handler, namespace in self.handlers:
            self.server.on(message, handler, namespace=namespace)
        for namespace_handler in self.namespace_handlers:
            self.server.register_namespace(namespace_handler)
        app.extensions["socketio"] = self
        self.sockio_mw = _Middleware(self.server, app, socketio_path=path)
        app.wsgi_app = self.sockio_mw  # type: ignore[method-assign]

    def _handle_event(self, handler: Callable[..., Any], message: str, namespace: str, sid: str, *args: Any) -> Any:
        if not self._is_fast or not self.manage_session:  # Flask's own sessions are opened and saved for each event
            return super()._handle_event(handler, message, namespace, sid, *args)
        environ = self.server.get_environ(sid, namespace=namespace)
        if not environ:
            return "", 400  # as the library answers
        with _event_context(environ, self.manage_session) as context:
            request = context.request.__dict__
            request["sid"], request["namespace"] = sid, namespace
            request["event"] = {"message": message, "args": args}
            try:
                return _call_connect(handler, args) if message == "connect" else handler(*args)
            except ConnectionRefusedError:
                raise
            except Exception as error:
                on_error = self.exception_handlers.get(namespace, self.default_exception_handler)
                if on_error is None:
                    raise
                return on_error(error)


def _call_connect(handler: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return handler(args[1] if len(args) > 1 else None)
    except TypeError:
        return handler()


class _Middleware(_SocketIOMiddleware):
    """As the library's, without its copy of the environ and the class that it makes for each request."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if (environ.get("PATH_INFO") or "").startswith(self.engineio_path):
            environ["flask.app"] = self.flask_app
            return self.engineio_app.handle_request(environ, start_response)
        return super().__call__(environ, start_response)


class _Connection:
    """What the events of one connection have in common: its request, and what Flask makes of it once somebody asks."""

    __slots__ = ("_session", "_url_adapter", "app", "request")

    def __init__(self, environ: dict[str, Any], manage_session: bool) -> None:
        self.app: flask.Flask = environ["flask.app"]
        self.request = _event_request_class(self.app.request_class)(environ)
        self.request.json_module = self.app.json
        self._url_adapter: Any = None
        self._session: Any = None
        if manage_session:  # a copy of the user's own, as it was when the connection began
            self._session = _Unopened if _is_of_cookies(self.app) else _ManagedSession(self._opened())

    @property
    def url_adapter(self) -> Any:
        if self._url_adapter is None:
            self._url_adapter = self.app.create_url_adapter(self.request)
        return self._url_adapter

    def session(self) -> Any:
        """That of all events, or a new one for each if Flask's own is used."""
        if self._session is None:
            return self._opened()
        if self._session is _Unopened:
            self._session = _ManagedSession(self._opened())
        return self._session

    def _opened(self) -> Any:
        interface = self.app.session_interface
        opened = interface.open_session(self.app, self.request)
        return interface.make_null_session(self.app) if opened is None else opened


_Unopened = object()
"""Of a session in a cookie, which says the same whenever it is read."""


def _is_of_cookies(app: flask.Flask) -> bool:
    return type(app.session_interface) is SecureCookieSessionInterface


@cache
def _event_request_class(base: type[flask.Request]) -> type[Any]:
    """A request whose URL is matched when somebody asks for it: few handlers do."""

    class EventRequest(base):  # type: ignore[misc, valid-type]
        def _matched(self) -> dict[str, Any]:
            found: dict[str, Any] = {"url_rule": None, "view_args": None, "routing_exception": None}
            try:
                adapter = self.environ["flask.app"].create_url_adapter(self)
                found["url_rule"], found["view_args"] = adapter.match(return_rule=True)
            except HTTPException as error:
                error.__traceback__ = error.__context__ = None  # it would keep its frames
                found["routing_exception"] = error
            self.__dict__.update(found)
            return found

        url_rule = cached_property(lambda self: self._matched()["url_rule"])
        view_args = cached_property(lambda self: self._matched()["view_args"])
        routing_exception = cached_property(lambda self: self._matched()["routing_exception"])

    EventRequest.__name__ = EventRequest.__qualname__ = base.__name__
    return EventRequest


class _EventAppContext(AppContext):
    """As Flask's, but it asks neither for the URL map nor a signal that nobody hears."""

    def __init__(self, connection: _Connection) -> None:
        self.app = connection.app
        self._connection = connection
        self.g = connection.app.app_ctx_globals_class()
        self._cv_tokens = []

    @property
    def url_adapter(self) -> Any:  # type: ignore[override]
        return self._connection.url_adapter

    def push(self) -> None:
        self._cv_tokens.append(_cv_app.set(self))
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, error: BaseException | None = None) -> None:
        app = self.app
        try:
            if len(self._cv_tokens) == 1 and (app.teardown_appcontext_funcs or appcontext_tearing_down.receivers):
                app.do_teardown_appcontext(error)
        finally:
            _cv_app.reset(self._cv_tokens.pop())
        if appcontext_popped.receivers:
            appcontext_popped.send(app, _async_wrapper=app.ensure_sync)


class _EventContext(RequestContext):
    """The context of one event, with a request of its own; like Flask's it can be copied, for a task that goes on."""

    def __init__(self, connection: _Connection, request: Any, session: Any = None) -> None:
        self._connection = connection
        self.app = connection.app
        self.request = request
        self.flashes = None
        self._session = session
        self._after_request_functions = []
        self._cv_tokens = []

    def copy(self) -> "_EventContext":
        return _EventContext(self._connection, self.request, self._session)

    @property
    def url_adapter(self) -> Any:  # type: ignore[override]
        return self._connection.url_adapter

    @property
    def session(self) -> Any:
        if self._session is None:
            self._session = self._connection.session()
        self._session.accessed = True
        return self._session

    def __enter__(self) -> "_EventContext":
        self.push()
        return self

    def push(self) -> None:
        outer, app_context = _cv_app.get(None), None
        if outer is None or outer.app is not self.app:
            app_context = _EventAppContext(self._connection)
            app_context.push()
        self._cv_tokens.append((_cv_request.set(self), app_context))

    def pop(self, error: BaseException | None = None) -> None:
        app = self.app
        try:
            if len(self._cv_tokens) == 1 and (app.teardown_request_funcs or request_tearing_down.receivers):
                app.do_teardown_request(error)
        finally:
            token, app_context = self._cv_tokens.pop()
            _cv_request.reset(token)
            if app_context is not None:
                app_context.pop(error)


def _event_context(environ: dict[str, Any], manage_session: bool) -> _EventContext:
    connection = environ.get("chatsphere.connection")
    if connection is None:
        connection = environ["chatsphere.connection"] = _Connection(environ, manage_session)
    return _EventContext(connection, _copied(connection.request))


def _copied(request: flask.Request) -> Any:
    """Shallow; `copy.copy` takes ten times as long."""
    copied = request.__class__.__new__(request.__class__)
    copied.__dict__.update(request.__dict__)
    return copied


class _AppJson:
    """Flask's JSON, whose settings are those of the application, inside an event or outside."""

    def __init__(self, app: flask.Flask) -> None:
        self._app = app

    def dumps(self, *args: Any, **options: Any) -> str:
        with self._app.app_context():
            return flask.json.dumps(*args, **options)

    def loads(self, *args: Any, **options: Any) -> Any:
        with self._app.app_context():
            return flask.json.loads(*args, **options)


def _runs_on_eventlet(mode: str | None) -> bool:
    if mode is not None:
        return mode == "eventlet"
    if os.environ.get("FLASK_RUN_FROM_CLI"):
        return False  # werkzeug's server has threads
    try:
        import eventlet  # noqa: F401
    except ImportError:
        return False
    return True


def _manager(url: str, channel: str) -> Any:
    """Ours for Redis; else the library's manager for this queue, over our rooms."""
    scheme = url.partition(":")[0]
    if scheme in (*SCHEMES, *SEVERAL):
        return RedisManager(url, channel)
    kind = {"kafka": socketio.KafkaManager}.get(scheme)
    kind = kind or (socketio.ZmqManager if scheme.startswith("zmq") else socketio.KombuManager)
    return type(kind.__name__, (kind, Rooms), {})(url, channel=channel)
