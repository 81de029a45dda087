import os

import pytest

from chat_app.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Nothing of the developer's counts; the working folder is empty."""
    for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_anything_it_is_embedded_under_data_dir(tmp_path):
    settings = load_settings()
    assert settings.embedded
    assert settings.database_url == f"sqlite:///{tmp_path}/data/chatsphere.sqlite3"
    assert len(settings.secret_key) == 64


def test_the_generated_secret_is_kept_and_private(tmp_path):
    first = load_settings().secret_key
    assert load_settings().secret_key == first
    kept = tmp_path / "data/secret_key"
    assert kept.read_text() == first
    assert kept.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "data") == ["secret_key"]


def test_all_bad_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch):
    bad = {
        "SECRET_KEY": "short",
        "PORT": "http",
        "DATABASE_URL": "mongodb://x",
        "REDIS_URL": "localhost",
        "MESSAGE_BURST": "0",
        "LOG_LEVEL": "chatty",
        "BCRYPT_ROUNDS": "99",
        "SMTP_URL": "smtp://ada:short-word@mail.example.org?starttls=never",
        "MAIL_FROM": "ChatSphere",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert {name for name in bad if f"\n  {name}: " in str(told.value)} == set(bad)
    assert "short" not in str(told.value).replace("SECRET_KEY", "")


@pytest.mark.parametrize("text", ["False", "false", "0", "no", "off", "FALSE"])
def test_false_means_false(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("RATE_LIMITS", text)
    assert load_settings().rate_limits is False


@pytest.mark.parametrize("text", ["True", "1", "yes", "on"])
def test_true_means_true(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("RATE_LIMITS", text)
    assert load_settings().rate_limits is True


@pytest.mark.parametrize("name", ["PORT", "DATABASE_URL", "SECRET_KEY", "RATE_LIMITS", "CORS_ORIGINS"])
def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch, name: str):
    default = getattr(load_settings(), name.lower())
    monkeypatch.setenv(name, "")
    assert getattr(load_settings(), name.lower()) == default


@pytest.mark.parametrize("plain", ["postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"])
def test_plain_database_addresses_are_accepted(monkeypatch: pytest.MonkeyPatch, plain: str):
    monkeypatch.setenv("DATABASE_URL", plain)
    assert load_settings().database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_plain_addresses_of_mariadb_are_accepted(monkeypatch: pytest.MonkeyPatch, scheme: str):
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://u@h/d?ssl_ca=/ca.pem")
    assert load_settings().database_url == "mysql+pymysql://u@h/d?ssl_ca=/ca.pem"


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CORS_ORIGINS", " https://a.example , https://b.example,")
    assert load_settings().cors_origins == ["https://a.example", "https://b.example"]


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9001\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9002, "DEBUG")


@pytest.mark.parametrize(
    "sender", ["chat@example.org", "ChatSphere <chat@example.org>", "Schöner Chat <c@bücher.example>"]
)
def test_who_sends_mails_has_an_address(monkeypatch: pytest.MonkeyPatch, sender: str):
    monkeypatch.setenv("MAIL_FROM", sender)
    assert load_settings().mail_from == sender


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"HOST": "::"}, "http://[::1]:8000"),
        ({"HOST": "chat.example.org"}, "http://chat.example.org:8000"),
        ({"PUBLIC_URL": "https://chat.example.org/"}, "https://chat.example.org"),
    ],
)
def test_the_address_of_links(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], address: str):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert load_settings().address == address
