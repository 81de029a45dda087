"""Jobs of an embedded process: in its background, one after another."""

import threading
import time

import pytest
from celery import shared_task
from flask import Flask

from chat_app import jobs as module
from chat_app.errors import ChatError
from chat_app.extensions import celery
from chat_app.jobs import LocalJobs
from tests.services.waiting import eventually

done: list[object] = []
attempts: list[float] = []
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


@shared_task(name="tests.flaky", autoretry_for=(ConnectionError,), retry_backoff=1, retry_jitter=False, max_retries=2)
def flaky(failures: int) -> None:
    attempts.append(time.monotonic())
    if len(attempts) <= failures:
        raise ConnectionError("away")
    done.append("flaky")


@shared_task(name="others.hang")
def hang() -> None:
    gate.wait(5)
    done.append("hung")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> LocalJobs:
    monkeypatch.setattr(celery.loader, "import_default_modules", lambda: None)
    celery.set_default()
    done.clear()
    attempts.clear()
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
    eventually(lambda: not jobs.waiting)
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


def test_one_that_may_be_retried_runs_again_after_the_jobs_behind_it(jobs: LocalJobs):
    jobs.put("tests.flaky", (1,))
    jobs.put("tests.note", (1,))
    eventually(lambda: done == [1])
    eventually(lambda: done == [1, "flaky"])
    assert 1 <= attempts[1] - attempts[0] < 2


def test_the_pauses_grow_and_the_retries_are_bounded(jobs: LocalJobs, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("WARNING", "chat_app.jobs"):
        jobs.put("tests.flaky", (9,))
        eventually(lambda: "job tests.flaky failed" in [record.getMessage() for record in caplog.records])
    first, second, third = attempts
    assert second - first < third - second
    assert 2 <= third - second < 3
    assert not jobs.waiting


def test_a_job_that_hangs_holds_up_only_its_own_area(jobs: LocalJobs):
    gate.clear()
    jobs.put("others.hang", ())
    jobs.put("others.hang", ())
    jobs.put("tests.tick", ())
    eventually(lambda: done == ["tick"])
    gate.set()
    eventually(lambda: done == ["tick", "hung", "hung"])


def test_a_retry_beyond_the_bound_is_dropped(
    jobs: LocalJobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    gate.clear()
    jobs.put("tests.note", (1,))
    eventually(lambda: not jobs.waiting)
    jobs.put("tests.note", (2,))
    with caplog.at_level("ERROR", "chat_app.jobs"):
        jobs._failed(module._Job(0, 0, "tests.flaky", (9,), "id"), ConnectionError("away"))
    assert "dropped" in caplog.text
    gate.set()
    eventually(lambda: done == [1, 2])
