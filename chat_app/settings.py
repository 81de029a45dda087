"""Every setting: its name, type, default and meaning, checked once at start.

The environment (or a `.env` file in the working folder) is read by :func:`load_settings`. All bad or
missing values are named in one :class:`SettingsError`, so that an operator mends them in one go.
An empty value means "not set"; `False`, `no`, `off` and `0` mean false.
"""

import os
import re
import secrets
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal

from limits import parse as parse_rate
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chat_app.auth.permissions import ROLES
from chat_app.mail.relay import Relay

SECRET_FILE = "secret_key"  # noqa: S105
MINIMUM_SECRET = 32
LARGEST_FILE = 2**30
"""Bytes."""

_DRIVERS = {
    "postgresql://": "postgresql+psycopg://",
    "postgres://": "postgresql+psycopg://",
    "mysql://": "mysql+pymysql://",
    "mariadb://": "mysql+pymysql://",
    "mariadb+pymysql://": "mysql+pymysql://",
}


class SettingsError(SystemExit):
    """The settings cannot be used; the text names each of them with its remedy."""


class Settings(BaseSettings):
    """The settings of one process; see `.env.example` for a commented copy."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, case_sensitive=False
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port to listen on.")
    data_dir: Path = Field(Path("data"), description="Folder of the embedded database and the generated secret.")
    secret_key: str = Field(
        "",
        description=f"Signs tokens; {MINIMUM_SECRET} characters or more. Generated and kept in DATA_DIR if unset.",
    )
    database_url: str = Field(
        "", description="postgresql://…, mysql://… (MariaDB, too) or sqlite:///…; SQLite in DATA_DIR if unset."
    )
    redis_url: str = Field("", description="redis://…, rediss://… or unix://…; everything in the process if unset.")
    bus_url: str = Field(
        "",
        description="Redis of the bus between processes: as REDIS_URL, redis+sentinel://host:port,…/db/service or "
        "redis+cluster://host:port,…; REDIS_URL if unset.",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        [], description="Origins, separated by commas, that may call from other sites' pages."
    )
    trusted_proxies: int = Field(0, ge=0, le=8, description="Number of reverse proxies whose X-Forwarded-* count.")

    public_url: str = Field(
        "", description="Address under which people reach this server, for links in mails and for providers."
    )
    registration: Literal["open", "closed"] = Field(
        "open", description="Whether strangers may make accounts, by form or through a provider."
    )

    access_token_expire_minutes: float = Field(15, gt=0, le=1440, description="Life of an access token.")
    refresh_token_expire_days: float = Field(30, gt=0, le=365, description="Life of an unused session.")
    bcrypt_rounds: int = Field(12, ge=4, le=16, description="Cost of a password hash; 4 is for tests only.")

    google_client_id: str = Field("", description="Sign in with Google: client id and secret.")
    google_client_secret: str = Field("", description="See GOOGLE_CLIENT_ID.")
    github_client_id: str = Field("", description="Sign in with GitHub: client id and secret.")
    github_client_secret: str = Field("", description="See GITHUB_CLIENT_ID.")
    github_url: str = Field("https://github.com", description="GitHub, or your GitHub Enterprise Server.")
    github_api_url: str = Field(
        "https://api.github.com", description="GitHub's API; https://HOST/api/v3 for a GitHub Enterprise Server."
    )
    oidc_issuer: str = Field("", description="Sign in with any OpenID Connect provider: its issuer address.")
    oidc_client_id: str = Field("", description="Client id at OIDC_ISSUER.")
    oidc_client_secret: str = Field("", description="Client secret at OIDC_ISSUER; empty for a public client.")
    oidc_name: str = Field("Single sign-on", description="What the page calls OIDC_ISSUER.")
    oauth_redirect_uris: Annotated[list[str], NoDecode] = Field(
        [], description="Redirect addresses, separated by commas, that clients of `POST /auth/oauth2/login` may use."
    )

    smtp_url: str = Field(
        "", description="smtp://user:password@host:587 (STARTTLS) or smtps://…:465; mail goes to the log if unset."
    )
    mail_from: str = Field("ChatSphere <chatsphere@localhost>", description="Sender of mails.")
    password_reset_minutes: int = Field(30, ge=5, le=1440, description="Life of a link to set a new password.")

    media_dir: Path | None = Field(None, description="Folder of files that people send; DATA_DIR/media if unset.")
    max_file_size: int = Field(10 * 2**20, ge=1, le=LARGEST_FILE, description="Bytes of the largest file.")
    max_file_size_by_role: Annotated[dict[str, int], NoDecode] = Field(
        {}, description="The same for single roles: agent=52428800,admin=104857600."
    )
    upload_quota: int = Field(2**30, ge=1, description="Bytes that the files of one account may take in all.")
    upload_keep_hours: int = Field(24, ge=1, description="Hours that a file is kept which no message came to hold.")
    media_accel: str = Field(
        "", description="Internal address under which nginx serves MEDIA_DIR/files by X-Accel-Redirect."
    )
    s3_bucket: str = Field("", description="Bucket of an S3-compatible store for files; MEDIA_DIR if unset.")
    s3_endpoint: str = Field("", description="Address of the store; that of AWS if unset.")
    s3_region: str = Field("", description="Region of the bucket.")
    s3_access_key: str = Field("", description="Key of the store; what the AWS tools find if unset.")
    s3_secret_key: str = Field("", description="See S3_ACCESS_KEY.")
    s3_prefix: str = Field("", description="What the names of all objects begin with.")

    retention_days: int = Field(0, ge=0, description="Days that messages and their files are kept; 0: for good.")
    audit_days: int = Field(365, ge=1, description="Days that security events are kept.")
    metrics_token: str = Field(
        "", description="Bearer token for /metrics; without it only private addresses may read them."
    )
    log_file: Path | None = Field(None, description="File to log to instead of standard error.")

    rate_limits: bool = Field(True, description="Limit the rate of HTTP calls and socket events.")
    auth_rate_limit: str = Field("300/minute", description="Log-ins, registrations and recoveries of one address.")
    address_rate_limit: str = Field(
        "600/minute", description="Requests of one address that nobody signed in for, or with a wrong token or key."
    )
    connect_rate_limit: str = Field("10000/minute", description="Sockets that may be opened from one address.")
    message_rate: float = Field(50, gt=0, description="Messages a second that one account may send, sustained.")
    message_burst: int = Field(500, ge=1, description="Messages that one account may send at once.")
    max_message_length: int = Field(20_000, ge=1, le=100_000, description="Longest message, in characters.")
    sync_limit: int = Field(500, ge=1, le=1000, description="Most messages in one answer of `sync`.")
    sync_reset_after: int = Field(
        2000, ge=1, description="A conversation with more changes than this since is `reset`, not replayed."
    )

    database_pool: int = Field(20, ge=2, le=200, description="Ordinary database connections of one process.")
    message_writers: int = Field(2, ge=1, le=8, description="Message writers of one process, by conversation.")
    chat_async_mode: Literal["eventlet", "threading"] = Field("eventlet", description="Concurrency of the server.")
    chat_transport: Literal["fast", "stock"] = Field(
        "fast", description="Socket.IO server: our own (eventlet only), or that of python-socketio."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    log_format: Literal["console", "json"] = Field("console", description="How a log line looks.")

    @field_validator("cors_origins", "oauth_redirect_uris", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("max_file_size_by_role", mode="before")
    @classmethod
    def _by_role(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        sizes = {role.strip(): size.strip() for role, _, size in pairs}
        if unknown := sizes.keys() - set(ROLES):
            raise ValueError(f"{', '.join(sorted(unknown))}: is no role; the roles are {', '.join(ROLES)}")
        if not all(size.isdecimal() and 0 < int(size) <= LARGEST_FILE for size in sizes.values()):
            raise ValueError("is written like agent=52428800,admin=104857600, in bytes, each up to a gibibyte")
        return {role: int(size) for role, size in sizes.items()}

    @field_validator("media_accel")
    @classmethod
    def _internal_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"/[A-Za-z0-9_./-]*", value):
            raise ValueError("is a path such as /protected-media")
        return value.rstrip("/")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < MINIMUM_SECRET:
            raise ValueError(f"needs at least {MINIMUM_SECRET} characters; make one with: openssl rand -hex 32")
        return value

    @field_validator("public_url", "oidc_issuer", "github_url", "github_api_url", "s3_endpoint")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("starts with https:// (or http://)")
        return value.rstrip("/")

    @field_validator("auth_rate_limit", "address_rate_limit", "connect_rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        try:
            usable = parse_rate(value).amount > 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("is written like 300/minute or 10 per 5 minutes")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_scheme(cls, value: str) -> str:
        if value:
            Relay.from_url(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not value.isprintable() or not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1]):
            raise ValueError("has the form ChatSphere <chat@example.org>")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("starts with redis://, rediss:// or unix://")
        return value

    @field_validator("bus_url")
    @classmethod
    def _bus_address(cls, value: str, info: ValidationInfo) -> str:
        from chat_app.realtime.transport.addresses import read_address  # not at the top: it loads the whole transport

        if value:
            read_address(value)
            if info.data.get("redis_url") == "":
                raise ValueError("needs REDIS_URL too: limits, presence and jobs live there")
        return value

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        """Accept the plain addresses that operators have: the driver is our business."""
        for plain, driver in _DRIVERS.items():
            if value.startswith(plain):
                return driver + value.removeprefix(plain)
        if value and not value.startswith((*_DRIVERS.values(), "sqlite:///")):
            raise ValueError("starts with postgresql://, mysql://, mariadb:// or sqlite:///")
        return value

    @property
    def embedded(self) -> bool:
        """True when one process does everything: no Redis, hence no other process to talk to."""
        return not self.redis_url

    @property
    def media_folder(self) -> Path:
        return (self.media_dir or self.data_dir / "media").resolve()

    def largest_file(self, role: str) -> int:
        """Bytes that a file of somebody of this role may have."""
        return self.max_file_size_by_role.get(role, self.max_file_size)

    @property
    def address(self) -> str:
        """Where people reach this server: PUBLIC_URL, or where it listens. Never taken from a request's Host header."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings(**overrides: object) -> Settings:
    """Read and check the settings; fill in the embedded defaults under DATA_DIR.

    Raises :class:`SettingsError` that names every bad setting at once.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])).upper()}: {_reason(e['msg'])}" for e in error.errors()]
        raise SettingsError("ChatSphere cannot start; please mend these settings:\n" + "\n".join(lines)) from None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    embedded = {
        "database_url": settings.database_url or f"sqlite:///{settings.data_dir.resolve()}/chatsphere.sqlite3",
        "secret_key": settings.secret_key or _kept_secret(settings.data_dir / SECRET_FILE),
    }
    return settings.model_copy(update=embedded)


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def _kept_secret(path: Path) -> str:
    """The secret of this installation, made on the first start. Two first starts at once agree on one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
