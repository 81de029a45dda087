from chat_app.runtime.gunicorn_worker import EventletWorker


class ImpatientWorker(EventletWorker):
    """For gunicorn's `--worker-class`."""

    body_timeout = 0.5
