"""Enqueueing work by name: to Celery when there is Redis, else to the background of this process.

A service never imports a task. Jobs get ids, may run late, twice, or on another machine, and so must the
work they name. Use `after_commit(enqueue, …)` inside a transaction.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from celery import Task
from celery.app.amqp import AMQP
from celery.signals import before_task_publish
from flask import Flask, current_app
from kombu.connection import Connection

from chat_app.errors import unavailable
from chat_app.extensions import celery
from chat_app.ids import new_id
from chat_app.logs import request_id, set_request_id
from chat_app.settings import Settings

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Jobs that may wait in the process; beyond it `enqueue` refuses, as a full broker would."""


class BrokerConnection(Connection):
    """Back within a second of its broker; kombu's own pauses grow to half a minute, and jobs would wait as long."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}
        return super().ensure_connection(*args, **{**pauses, **kwargs})  # type: ignore[no-untyped-call]


class Amqp(AMQP):
    Connection = BrokerConnection


def init_jobs(app: Flask, settings: Settings) -> None:
    """Configure Celery; the same configuration serves the web process and the worker."""
    celery.conf.update(
        broker_url=settings.redis_url or "memory://",
        imports=("workers.receipts", "workers.cleanup"),
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="chatsphere",
        task_serializer="json",
        accept_content=["json"],
        timezone="UTC",
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        # A worker that gave up would have to be started by hand once Redis is back.
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 300,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "retry_on_timeout": False,
            # Of `enqueue`, which has something better to do than to wait for a broker that is not there.
            "max_retries": 0,
        },
        beat_schedule={
            "cleanup.expired": {"task": "cleanup.expired", "schedule": 3600.0},
        },
    )
    celery.Task = _task_class(app)
    celery.set_default()
    app.extensions["celery"] = celery


def _task_class(app: Flask) -> type[Task]:
    class AppTask(Task):
        """A task runs within the application's context, in a worker as well as in the process."""

        abstract = True

        def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
            set_request_id((self.request.headers or {}).get("request_id") or task_id)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with app.app_context():
                return self.run(*args, **kwargs)

    return AppTask


@before_task_publish.connect
def _name_job(headers: dict[str, Any], **_: object) -> None:
    """A job, and each repetition of it, carries the id of the request that asked for it."""
    if identifier := request_id():
        headers.setdefault("request_id", identifier)


def enqueue(name: str, *args: Any) -> None:
    """Have the task `name` run soon. Raises what the broker raises when it cannot be reached."""
    jobs: LocalJobs | None = current_app.extensions.get("local_jobs")
    if jobs is not None:
        jobs.put(name, args)
    else:
        celery.send_task(name, args=args, retry=False)


def scheduled() -> list[tuple[float, Callable[[], None]]]:
    """The beat schedule for a process without beat: `(seconds between two runs, what enqueues the task)`."""
    return [(entry["schedule"], _enqueuer(entry["task"])) for entry in celery.conf.beat_schedule.values()]


def _enqueuer(name: str) -> Callable[[], None]:
    def enqueue_scheduled() -> None:
        enqueue(name)

    return enqueue_scheduled


class LocalJobs:
    """Runs tasks one after another in the background of the process (embedded mode)."""

    def __init__(self, app: Flask, start: Callable[..., object]) -> None:
        self._app = app
        self._start = start
        self._queue: deque[tuple[str, tuple[Any, ...], str]] = deque()
        self._ready = threading.Condition()
        self._running = False

    def put(self, name: str, args: tuple[Any, ...]) -> None:
        with self._ready:
            if len(self._queue) >= MAX_WAITING:
                raise unavailable("Too many jobs are waiting. Please try again.")
            self._queue.append((name, args, request_id() or new_id()))
            if not self._running:
                self._running = True
                self._start(self._run)
            self._ready.notify()

    def _run(self) -> None:
        celery.loader.import_default_modules()
        while True:
            with self._ready:
                while not self._queue:
                    self._ready.wait()
                name, args, identifier = self._queue.popleft()
            set_request_id(identifier)
            try:
                celery.tasks[name](*args)
            except Exception:
                log.exception("job %s failed", name)
