"""A gunicorn worker that serves every connection in a greenlet of eventlet.

gunicorn removed its own eventlet worker in version 26. This one is written for one process with very many
long-lived connections:

* the standard library is patched in the worker, after the fork: the arbiter stays an ordinary process;
* a signal is acted on at once, not at the next tick of a second;
* on TERM the listeners close first, then idle keep-alive connections and websockets get an end of file;
  requests in flight may finish until shortly before `graceful_timeout`;
* a client above `worker_connections` is told 503 with `Retry-After` instead of hanging;
* a client that takes too long over the body of its request is let go;
* the usual handshake of a websocket is read without gunicorn's parser, and a websocket can outlive the greenlet that
  answered it: `environ["chatsphere.detach"]`, see :meth:`EventletWorker.detach`;
* a worker whose arbiter was killed stops by itself, so that the port is free again.

TLS ends at the reverse proxy: with `certfile` the worker refuses to start.
"""

import contextlib
import errno
import io
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from chat_app.runtime import patch, silence_deprecation
from chat_app.runtime.boot import StopsOnRefusal
from chat_app.runtime.handshakes import LONGEST, Handshake, read_handshake
from chat_app.runtime.refusals import refusal

silence_deprecation()

import eventlet  # noqa: E402
from eventlet import greenio, hubs, patcher, wsgi  # noqa: E402
from gunicorn.http.wsgi import Response, base_environ  # noqa: E402
from gunicorn.workers.base_async import AsyncWorker  # noqa: E402

NOTIFY_INTERVAL = 1.0
EXIT_MARGIN = 0.5
REFUSAL_POOL = 256
REFUSAL_LINGER = 1.0
ACCEPT_PAUSE = 0.1
DRAIN_PAUSE = 0.01
ACCEPT_LATER = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
ACCEPT_GONE = {errno.ECONNABORTED, errno.ECONNRESET, errno.EINTR, errno.EPROTO}

FULL = refusal(503, "This server has as many connections as it can hold. Please try again.", retry_after=5)

_original_socket: type[socket.socket] = patcher.original("socket").socket
OF_THE_REQUEST = ("gunicorn.socket", "eventlet.set_idle", "chatsphere.detach", "wsgi.early_hints")
"""What an environ need not hold any longer once its connection was handed over."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class EventletWorker(StopsOnRefusal, AsyncWorker):
    """See the module. Use it with exactly one worker per gunicorn: polling needs all its requests here."""

    # gunicorn has no types; these are its own attributes.
    wsgi: WsgiApp
    alive: bool
    body_timeout = 120.0
    """Seconds that the body of a request may take to arrive: 5 MiB at 44 kB/s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.cfg.is_ssl:
            raise RuntimeError("This worker serves plain HTTP; let the reverse proxy in front end TLS.")
        self.idle: set[socket.socket] = set()
        self.detached: set[socket.socket] = set()
        self.grace = max(self.cfg.graceful_timeout - EXIT_MARGIN, 0.0)

    # -- start -----------------------------------------------------------------------------------------

    def init_process(self) -> None:
        """Patch in the child only: a hub (an epoll descriptor) must not be shared across the fork."""
        patch()
        hubs.use_hub()
        # `socket.sendfile` of the standard library refuses the non-blocking socket inside a GreenSocket.
        self.cfg.set("sendfile", False)
        self.connections = eventlet.GreenPool(self.worker_connections)
        self.refusals = eventlet.GreenPool(REFUSAL_POOL)
        self.environ_of_all = {
            **base_environ(self.cfg),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        super().init_process()

    def load_wsgi(self) -> None:
        """Give the application eventlet's two hooks: `eventlet.set_idle` and `WSGI_LOCAL.already_handled`.

        A websocket handler calls the first when the connection has become a websocket (it may then be ended
        by a graceful stop) and sets the second when it has answered on the socket by itself. In the place of the
        first it may call `chatsphere.detach`.
        """
        super().load_wsgi()
        application: WsgiApp = self.wsgi

        def with_hooks(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            wsgi.WSGI_LOCAL.already_handled = False
            client = environ["gunicorn.socket"]
            environ["wsgi.input"] = TimedInput(environ["wsgi.input"], self.body_timeout)
            if "HTTP_UPGRADE" in environ:
                environ["wsgi.errors"] = WebsocketErrors(environ["wsgi.errors"])
                # No permessage-deflate: it costs 85 kB for each websocket, and chat messages are small.
                environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            environ["eventlet.set_idle"] = partial(self.mark_idle, client)
            environ["chatsphere.detach"] = partial(self.detach, client)
            return application(environ, start_response)

        self.wsgi = with_hooks

    # -- the main loop ---------------------------------------------------------------------------------

    def run(self) -> None:
        listeners = [greenio.GreenSocket(listener) for listener in self.sockets]
        acceptors = [eventlet.spawn(self.accept, listener) for listener in listeners]
        while self.alive and self.ppid == os.getppid():
            self.notify()
            self.wait_for_signal(NOTIFY_INTERVAL)
        self.alive = False
        self.notify()
        for acceptor in acceptors:
            acceptor.kill()
        for listener in listeners:
            listener.close()
        self.drain()

    def wait_for_signal(self, seconds: float) -> None:
        """Return when a signal came in (gunicorn writes a byte to this pipe) or after so many seconds."""
        try:
            hubs.trampoline(self.PIPE[0], read=True, timeout=seconds)
            os.read(self.PIPE[0], 4096)
        except eventlet.Timeout:
            pass

    def drain(self) -> None:
        """End what is idle now, let requests in flight finish for `grace` seconds, then return.

        gunicorn's arbiter kills at `graceful_timeout`; leaving a little before that keeps the exit clean.
        """
        for client in [*self.idle, *self.detached]:
            end_input(client)
        with eventlet.Timeout(self.grace, False):
            self.connections.waitall()
            while self.detached:
                eventlet.sleep(DRAIN_PAUSE)

    # -- connections -----------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Accept until killed. Out of descriptors means: pause, connections wait in the kernel's backlog."""
        while True:
            try:
                client, address = listener.accept()
            except OSError as error:
                if error.errno in ACCEPT_LATER:
                    self.log.warning("Cannot accept connections: %s", error)
                    eventlet.sleep(ACCEPT_PAUSE)
                elif error.errno not in ACCEPT_GONE:
                    raise
                continue
            if self.connections.free() > len(self.detached):
                self.connections.spawn_n(self.handle, listener, client, address)
            elif self.refusals.free() > 0:
                self.refusals.spawn_n(refuse, client)
            else:
                client.close()

    def handle(self, listener: socket.socket, client: socket.socket, address: Any) -> None:
        self.idle.add(client)
        try:
            handshake = self.peek_handshake(client) if isinstance(address, tuple) else None  # else a Unix socket
            if handshake is None:
                super().handle(listener, client, address)
            else:
                self.handle_handshake(listener, client, address, handshake)
        finally:
            self.idle.discard(client)

    # -- websockets ------------------------------------------------------------------------------------

    def peek_handshake(self, client: Any) -> Handshake | None:
        """The request of a websocket, if its first bytes are one. Else nothing is taken off the wire."""
        if self.cfg.proxy_protocol != "off":
            return None
        try:
            data = client.fd.recv(LONGEST + 1, socket.MSG_PEEK)
        except BlockingIOError:
            with self.timeout_ctx():
                hubs.trampoline(client, read=True)
                return self.peek_handshake(client)
            end_input(client)  # it took too long; gunicorn sees that nothing comes
            return None
        except OSError:
            return None
        handshake = read_handshake(data, self.cfg.secure_scheme_headers)
        if handshake is not None:
            client.fd.recv(len(data))
        return handshake

    def handle_handshake(
        self, listener: socket.socket, client: socket.socket, address: Any, handshake: Handshake
    ) -> None:
        """As gunicorn's `handle` and `handle_request`. The hooks for requests in its settings are not called."""
        self.idle.discard(client)
        server = listener.getsockname()
        environ = {**self.environ_of_all, **handshake.variables, "gunicorn.socket": client}
        environ["SERVER_NAME"], environ["SERVER_PORT"] = server[0], str(server[1])
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = address[0], str(address[1])
        response = Response(handshake, client, self.cfg)
        try:
            self.count_request()
            body = self.wsgi(environ, response.start_response)
            if not getattr(wsgi.WSGI_LOCAL, "already_handled", False):
                for part in body:
                    response.write(part)
                response.close()
        except OSError:
            self.log.debug("A client is gone that was to become a websocket.")
        except Exception as error:
            self.handle_error(None, client, address, error)
        finally:
            client.close()

    def count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def detach(self, client: Any, environ: dict[str, Any]) -> tuple[socket.socket, Callable[[], None]]:
        """A websocket's connection for itself, out of the hands of the greenlet that answered the handshake.

        Returns its socket, which does not block, and what to call when the websocket has ended. Until then it counts
        as a connection, and a graceful stop ends its input.
        """
        family = client.family
        for name in OF_THE_REQUEST:
            environ.pop(name, None)
        environ["wsgi.input"] = self.environ_of_all["wsgi.input"]
        self.idle.discard(client)
        own = _original_socket(family, socket.SOCK_STREAM, 0, client.detach())
        self.detached.add(own)
        if not self.alive:
            end_input(own)
        return own, partial(self.release, own)

    def release(self, own: socket.socket) -> None:
        self.detached.discard(own)
        own.close()

    # -- requests --------------------------------------------------------------------------------------

    def handle_request(self, listener_name: Any, request: Any, client: socket.socket, address: Any) -> None:
        """Serve one request; while the worker stops, close afterwards so that the client goes elsewhere."""
        self.idle.discard(client)
        try:
            super().handle_request(listener_name, request, client, address)
        except StopIteration:  # gunicorn's word for: close this connection
            if has_unread(request.body):
                linger(client)
            raise
        self.mark_idle(client)
        eventlet.sleep(0)  # who sends the next request without a pause has to wait for the others

    def mark_idle(self, client: socket.socket) -> None:
        """This connection has nothing in flight: a stop may end it, a stop under way ends it now."""
        self.idle.add(client)
        if not self.alive:
            end_input(client)

    def is_already_handled(self, body: Iterable[bytes]) -> bool:
        if getattr(wsgi.WSGI_LOCAL, "already_handled", False):
            raise StopIteration  # close this connection without writing to it
        return bool(super().is_already_handled(body))

    def timeout_ctx(self) -> eventlet.Timeout:
        """Bounds both the wait for the next request and the time a client may take to send its head."""
        return eventlet.Timeout(self.cfg.keepalive or None, False)

    # -- signals: handlers run inside whatever greenlet is current, so they must neither wait nor exit ----

    def handle_quit(self, sig: int, frame: Any) -> None:
        """INT and QUIT: stop without grace."""
        self.alive = False
        self.grace = 0.0
        self.cfg.worker_int(self)

    def handle_usr1(self, sig: int, frame: Any) -> None:
        """Reopening log files takes their locks, which another greenlet may hold: not in the handler."""
        hubs.get_hub().schedule_call_global(0, eventlet.spawn_n, self.log.reopen_files)


class TimedInput:
    """`wsgi.input` that waits `seconds` for a whole body: a byte now and then would hold a connection for good."""

    def __init__(self, body: Any, seconds: float) -> None:
        self.body = body
        self.began = time.monotonic()
        self.deadline = self.began + seconds

    def allow(self, seconds: float) -> None:
        """Wait longer for a body that may be large: `seconds` from its beginning, if that is more."""
        self.deadline = max(self.deadline, self.began + seconds)

    def read(self, *size: int) -> bytes:
        return self.in_time(self.body.read, *size)

    def readline(self, *size: int) -> bytes:
        return self.in_time(self.body.readline, *size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def in_time(self, read: Callable[..., bytes], *size: int) -> bytes:
        from werkzeug.exceptions import RequestTimeout

        with eventlet.Timeout(max(0.0, self.deadline - time.monotonic()), RequestTimeout()):
            return read(*size)


class WebsocketErrors:
    """`wsgi.errors` for eventlet's websockets, without the line they write when a socket is closed twice:
    that happens at every client that vanishes, and means nothing."""

    def __init__(self, errors: Any) -> None:
        self.errors = errors

    def write(self, text: str) -> None:
        if "socket shutdown error" not in text:
            self.errors.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.errors, name)


def end_input(client: socket.socket) -> None:
    """Let the connection's reader see an end of file. Bytes that arrived before are still read, and the
    answer or a websocket's closing frame can still be written."""
    with contextlib.suppress(OSError):  # the client was faster
        client.shutdown(socket.SHUT_RD)


def refuse(client: socket.socket) -> None:
    """Answer 503; `REFUSAL_POOL` at once."""
    with contextlib.closing(client), contextlib.suppress(OSError):
        client.sendall(FULL)
        linger(client)


def linger(client: socket.socket) -> None:
    """Say that we are done and read what still comes, for `REFUSAL_LINGER` seconds: closing with something unread
    would reset the connection, and the answer with it (RFC 9112, section 9.6)."""
    with contextlib.suppress(OSError), eventlet.Timeout(REFUSAL_LINGER, False):
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


def has_unread(body: Any) -> bool:
    """Whether some of a request's body was left to lie, as with one that is too large."""
    reader = body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))
