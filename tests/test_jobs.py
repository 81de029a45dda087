"""Jobs of an embedded process: in its background, one after another."""

import threading

import pytest
from celery import shared_task
from flask import Flask

from chat_app import jobs as module
from chat_app.errors import ChatError
from chat_app.extensions import celery
from chat_app.jobs import LocalJobs
from tests.services.waiting import eventually

done: list[object] = []
gate = threading.Event()


@shared_task(name="tests.note")
def note(value: object) -> None:
    gate.wait(5)
    if value == "bad":
        raise ZeroDivisionError
    done.append(value)


@shared_task(name="tests.tick")
def tick() -> None:
    done.append("tick")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> LocalJobs:
    monkeypatch.setattr(celery.loader, "import_default_modules", lambda: None)
    celery.set_default()
    done.clear()
    gate.set()
    return LocalJobs(Flask("test"), lambda run: threading.Thread(target=run, daemon=True).start())


def test_they_run_in_order_and_one_that_fails_holds_up_nobody(jobs: LocalJobs):
    for value in (1, 2, "bad", 3):
        jobs.put("tests.note", (value,))
    eventually(lambda: done == [1, 2, 3])


def test_an_unknown_job_holds_up_nobody(jobs: LocalJobs):
    jobs.put("tests.nothing", ())
    jobs.put("tests.note", (1,))
    eventually(lambda: done == [1])


def test_beyond_the_bound_a_job_is_refused(jobs: LocalJobs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    gate.clear()
    jobs.put("tests.note", (1,))
    eventually(lambda: not jobs._queue)
    for value in (2, 3):
        jobs.put("tests.note", (value,))
    with pytest.raises(ChatError) as told:
        jobs.put("tests.note", (4,))
    assert told.value.code == "unavailable"
    gate.set()
    eventually(lambda: done == [1, 2, 3])


def test_without_beat_the_schedule_is_the_same(jobs: LocalJobs, monkeypatch: pytest.MonkeyPatch):
    app = Flask("scheduled")
    app.extensions["local_jobs"] = jobs
    monkeypatch.setitem(celery.conf, "beat_schedule", {"a": {"task": "tests.tick", "schedule": 7.0}})
    ((seconds, enqueue),) = module.scheduled()
    assert seconds == 7.0
    with app.app_context():
        enqueue()
    eventually(lambda: done == ["tick"])
