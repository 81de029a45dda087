"""Enqueueing work by name: to Celery when there is Redis, else to the background of this process.

A service never imports a task. Jobs get ids, may run late, twice, or on another machine, and so must the
work they name. Use `after_commit(enqueue, …)` inside a transaction.
"""

import heapq
import itertools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from celery import Task
from celery.app.amqp import AMQP
from celery.signals import before_task_publish
from celery.utils.time import get_exponential_backoff_interval
from flask import Flask, current_app
from kombu.connection import Connection
from kombu.entity import Queue

from chat_app.errors import ChatError, unavailable
from chat_app.extensions import celery
from chat_app.ids import new_id
from chat_app.logs import request_id, set_request_id
from chat_app.settings import Settings

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Jobs that may wait in the process; beyond it `enqueue` refuses, as a full broker would."""


QUEUES = ("chatsphere", *(f"chatsphere.{area}" for area in ("media", "receipts", "mail", "cleanup")))
"""A queue for each area of jobs, the first one for all others. A worker serves all of them in turn unless it is told
which with `-Q`; so a thousand pictures do not hold up a mail."""


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
        imports=("workers.receipts", "workers.mail", "workers.media", "workers.cleanup"),
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="chatsphere",
        task_queues=[Queue(name) for name in QUEUES],  # type: ignore[no-untyped-call]
        task_routes=route,
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
            "media.ask_again": {"task": "media.ask_again", "schedule": 60.0},
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


def route(name: str, *_: Any, **__: Any) -> dict[str, str]:
    """The queue of the job `mail.verification`, after the first part of its name."""
    queue = f"chatsphere.{name.partition('.')[0]}"
    return {"queue": queue if queue in QUEUES else QUEUES[0]}


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


@dataclass(order=True)
class _Job:
    """Sorted by the time (monotonic) from which it may run, then by its turn."""

    due: float
    turn: int
    name: str = field(compare=False)
    args: tuple[Any, ...] = field(compare=False)
    identifier: str = field(compare=False)
    retries: int = field(compare=False, default=0)


class LocalJobs:
    """Runs tasks in the background of the process (embedded mode).

    Those of one area (`mail` in `mail.verification`) run one after another, areas beside each other: a mail server
    that hangs holds up mails only. A task that fails with one of its `autoretry_for` runs again `max_retries` times,
    after the same growing pauses as in a worker; the jobs behind it do not wait for that. What waits is lost when
    the process ends.
    """

    def __init__(self, app: Flask, start: Callable[..., object]) -> None:
        self._app = app
        self._start = start
        self._areas: defaultdict[str, list[_Job]] = defaultdict(list)
        """Area → a heap of what waits there. Its runner, once started, stays."""
        self._turns = itertools.count()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn or for their next attempt."""
        return sum(len(jobs) for jobs in self._areas.values())

    def put(self, name: str, args: tuple[Any, ...]) -> None:
        self._add(_Job(time.monotonic(), next(self._turns), name, args, request_id() or new_id()))

    def _add(self, job: _Job) -> None:
        area = job.name.partition(".")[0]
        with self._changed:
            if self.waiting >= MAX_WAITING:
                raise unavailable("Too many jobs are waiting. Please try again.")
            is_new = area not in self._areas
            heapq.heappush(self._areas[area], job)
            self._changed.notify_all()
        if is_new:
            self._start(partial(self._run, self._areas[area]))

    def _run(self, jobs: list[_Job]) -> None:
        celery.loader.import_default_modules()
        while True:
            job = self._next(jobs)
            set_request_id(job.identifier)
            try:
                celery.tasks[job.name](*job.args)
            except Exception as error:
                self._failed(job, error)

    def _next(self, jobs: list[_Job]) -> _Job:
        with self._changed:
            while True:
                pause = jobs[0].due - time.monotonic() if jobs else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(jobs)
                self._changed.wait(pause)

    def _failed(self, job: _Job, error: Exception) -> None:
        pause = _pause_before_retry(job, error)
        if pause is None:
            log.exception("job %s failed", job.name)
            return
        log.warning("job %s failed and runs again in %g s: %s", job.name, pause, error)
        again = replace(job, due=time.monotonic() + pause, turn=next(self._turns), retries=job.retries + 1)
        try:
            self._add(again)
        except ChatError:
            log.error("job %s is dropped: too many jobs are waiting", job.name)


def _pause_before_retry(job: _Job, error: Exception) -> float | None:
    """Seconds until the next attempt, as Celery's autoretry counts them; None when there is none."""
    task = celery.tasks.get(job.name)
    if not isinstance(error, tuple(getattr(task, "autoretry_for", ()))) or job.retries >= task.max_retries:
        return None
    return float(
        get_exponential_backoff_interval(
            factor=max(1, int(getattr(task, "retry_backoff", 1))),
            retries=job.retries,
            maximum=getattr(task, "retry_backoff_max", 600),
            full_jitter=getattr(task, "retry_jitter", True),
        )
    )
