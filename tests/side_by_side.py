"""How the tests share a machine under `pytest -n auto`, which is what `make test` runs: docs/testing.md.

Each worker of pytest-xdist has services of its own, made when the first test asks for them. A file is run by one
worker, in its order; so are the files that stand together in :data:`TOGETHER`. What measures waits until all the others
have ended, and their servers with them: :data:`ALONE`.
"""

import os
from collections.abc import Iterable

import psutil
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WORKERS_PER_CORE = 2
"""Most tests wait for a server or a clock most of the time."""
MEMORY_PER_WORKER = 1.5 * 2**30
"""Bytes: two deployments, their parts and a browser."""
MOST_WORKERS = 12
"""Beyond this the start of another worker's services costs more than it brings."""

_A_BOUND = "what it promises is a time that a busy machine would break"
_ITS_SHARE = "it measures how long the others wait while one takes all that the process has"
ALONE = {
    "tests/oauth/test_deployments.py::test_a_provider_that_never_answers_holds_up_nobody_else": _ITS_SHARE,
    "tests/promises/test_endings.py": _A_BOUND,
    "tests/promises/test_hostile_files.py::test_a_pixel_bomb": _A_BOUND,
    "tests/promises/test_log_in_attacks.py::test_known_and_unknown_names_take_the_same_time": "it compares times",
    "tests/promises/test_redis_away.py": _A_BOUND,
    "tests/promises/test_replay.py": "its 182 clients take the whole machine",
    "tests/realtime/test_hostile_packets.py::test_who_sends_without_a_pause": _ITS_SHARE,
    "tests/realtime/transport/test_slow_clients.py": _ITS_SHARE,
    "tests/runtime/test_gunicorn_worker.py::test_hashing": _ITS_SHARE,
    "tests/runtime/test_gunicorn_worker.py::test_term": _A_BOUND,
    "tests/test_limits.py::TestWhileRedisIsAway": _A_BOUND,
    "tests/uploads/test_uploads.py::test_a_photo_of_a_telephone": _ITS_SHARE,
    "tests/uploads/test_uploads.py::test_a_large_file_takes_no_memory": "it measures memory",
    "tests/users/test_pictures.py::test_more_pixels_than_fit": _A_BOUND,
    "tests/users/test_pictures.py::test_the_server_answers_others": _ITS_SHARE,
}
"""Beginnings of node ids, and why nothing else may run beside them."""

TOGETHER = {
    "the site with providers": (
        "tests/oauth/test_exchange.py",
        "tests/oauth/test_links.py",
        "tests/oauth/test_page.py",
        "tests/oauth/test_sign_in.py",
        "tests/promises/test_oauth.py",
    ),
    "the deployments with mail": ("tests/recovery/",),
}
"""Files that share a service which is slow to start and which no other file uses. Beginnings of node ids."""

FIRST = ("tests/promises/", "tests/web/", "tests/recovery/")
"""Where the tests lie that take longest, so that none of them is what everybody waits for at the end."""


ALONE_UNIT = "alone"


def why_alone(nodeid: str) -> str | None:
    return next((reason for start, reason in ALONE.items() if nodeid.startswith(start)), None)


def unit(nodeid: str) -> str:
    """What is given to one worker as a whole: a name of :data:`TOGETHER`, or the file."""
    return next((name for name, starts in TOGETHER.items() if nodeid.startswith(starts)), nodeid.partition("::")[0])


def long_ones_first(units: Iterable[tuple[str, dict[str, bool]]]) -> list[tuple[str, dict[str, bool]]]:
    return sorted(units, key=lambda unit: (not any(test.startswith(FIRST) for test in unit[1]), -len(unit[1])))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without workers too, what measures comes last."""
    for item in items:
        if reason := why_alone(item.nodeid):
            item.add_marker(pytest.mark.alone(reason))
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    cores = len(os.sched_getaffinity(0))
    fit = int(psutil.virtual_memory().available / MEMORY_PER_WORKER)
    return max(1, min(WORKERS_PER_CORE * cores, fit, MOST_WORKERS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "SideBySide":
    return SideBySide(config, log)


class SideBySide(LoadScopeScheduling):
    """Units go to whoever is free. When none is left, all workers end but one, and that one runs what must be alone.

    A worker begins a test only when it knows the next one, or that there is none. So the last worker is told the first
    of the lonely tests early: its last ordinary test need not wait until the others have ended.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._held: list[str] = []
        self._all_told = False

    def _split_scope(self, nodeid: str) -> str:
        return ALONE_UNIT if why_alone(nodeid) else unit(nodeid)

    def schedule(self) -> None:
        if self.collection is None:
            if not self._check_nodes_have_same_collection():
                return
            self.collection = list(next(iter(self.registered_collections.values())))
            self._fill(self.collection)
        for node in self.nodes:
            self._reschedule(node)

    def _fill(self, collection: list[str]) -> None:
        units: dict[str, dict[str, bool]] = {}
        for nodeid in collection:
            units.setdefault(self._split_scope(nodeid), {})[nodeid] = False
        self._held = list(units.pop(ALONE_UNIT, ()))
        self._all_told = not self._held
        self.workqueue.update(long_ones_first(units.items()))

    @property
    def tests_finished(self) -> bool:
        return self._all_told and super().tests_finished

    def remove_node(self, node: WorkerController) -> str | None:
        crashed = super().remove_node(node)
        for left in self.nodes:
            self._reschedule(left)
        return crashed

    def _reschedule(self, node: WorkerController) -> None:
        if node.shutting_down:
            return
        while self.workqueue and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if self.workqueue:
            return
        if self._all_told or any(not other.shutting_down for other in self.nodes if other is not node):
            node.shutdown()
        else:
            self._run_alone(node)

    def _run_alone(self, node: WorkerController) -> None:
        mine = self.assigned_work[node].setdefault(ALONE_UNIT, {})
        others_end = len(self.nodes) > 1
        if others_end and mine:
            return
        told = self._held[: 1 if others_end else None]
        self._held = self._held[len(told) :]
        mine.update(dict.fromkeys(told, False))
        collection = self.registered_collections[node]
        node.send_runtest_some([collection.index(nodeid) for nodeid in told])
        if not others_end:
            self._all_told = True
            node.shutdown()
