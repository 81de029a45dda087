"""The real servers: what is said where they are not installed, and that they are measured where they are."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.build import python_packages_are_there
from benchmarks.report import Sample
from benchmarks.servers import installed
from benchmarks.servers.run import on_ejabberd, on_synapse
from tests.services.waiting import eventually

HAS_EJABBERD = shutil.which("ejabberdctl") is not None and installed.SCHEMA.exists() and os.geteuid() == 0
HAS_SYNAPSE = python_packages_are_there(installed.HERE / "requirements.txt")


def test_without_root_it_says_what_would_be_installed_and_installs_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installed.shutil, "which", lambda name: None if name == "ejabberdctl" else f"/usr/bin/{name}")
    monkeypatch.setattr(installed.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(installed.subprocess, "run", lambda *_, **__: pytest.fail("something was installed"))
    with pytest.raises(installed.CannotInstall, match=r"sudo apt-get install .*ejabberd"):
        installed.install()


def with_a_cost(turn: Callable[[], Sample]) -> Sample:
    """The system counts processor time in hundredths of a second, and a short turn may take less than one."""
    samples: list[Sample] = []

    def measured() -> bool:
        samples.append(turn())
        return samples[-1].cost > 0

    eventually(measured, timeout=60)
    return samples[-1]


@pytest.mark.skipif(not HAS_EJABBERD, reason="ejabberd is not installed, or nobody may start it: make bench-servers")
@pytest.mark.parametrize("room", [False, True])
def test_ejabberd_is_measured(room: bool):
    def measured() -> Sample:
        with on_ejabberd(4, 0.1, room=room) as turn:
            return with_a_cost(turn)

    with ThreadPoolExecutor() as thread:  # in this one the browser of other tests may have its event loop
        sample = thread.submit(measured).result()
    assert sample.cost > 0
    assert 0 < sample.p50 <= sample.p99


@pytest.mark.skipif(not HAS_SYNAPSE, reason="Synapse is not installed: make bench-servers")
def test_synapse_is_measured():
    def measured() -> Sample:
        with on_synapse(2, 0.1) as turn:
            return with_a_cost(turn)

    with ThreadPoolExecutor() as thread:
        assert thread.submit(measured).result().cost > 0
