import re

from chat_app.settings import Settings
from tests.services.process import ROOT


def test_the_example_names_every_setting_and_no_other():
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    read_by_gunicorn_alone = {"WORKER_CONNECTIONS"}
    assert set(named) - read_by_gunicorn_alone == {name.upper() for name in Settings.model_fields}
    assert len(named) == len(set(named))
