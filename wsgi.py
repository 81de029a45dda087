"""What gunicorn and the `flask` command load: first the runtime, then the application."""

from chat_app.runtime import patch

patch()

from chat_app import create_app  # noqa: E402

app = create_app()
