"""How a gunicorn worker of ours gives up at its start."""

from typing import TYPE_CHECKING

from gunicorn.arbiter import Arbiter

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker
else:
    Worker = object


class StopsOnRefusal(Worker):
    """To mix into a worker class, first: bad settings (a `SystemExit` with a text) end the whole gunicorn.

    gunicorn itself would start the worker again, and again, several times a second.
    """

    def load_wsgi(self) -> None:
        try:
            super().load_wsgi()
        except SystemExit as refusal:
            for line in str(refusal).splitlines():
                self.log.critical("%s", line)
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from None
