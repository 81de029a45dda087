"""What all providers have in common. Each is asked through Authlib; none of its tokens is kept."""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from flask import current_app, request
from joserfc.errors import JoseError
from requests import HTTPError

from chat_app.errors import ChatError
from chat_app.oauth.profile import Profile
from chat_app.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds to connect to a provider, and to wait for each part of its answer."""
CALLBACK = "/api/v1/auth/oauth2/{name}/callback"


class ProviderSession(OAuth2Session):
    """A POST carries the code and our secret: it follows no redirect to somewhere else."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("allow_redirects", method.upper() == "GET")
        return super().request(method, url, *args, **kwargs)


class ProviderClient(FlaskOAuth2App):
    client_cls = ProviderSession


class Provider(ABC):
    """One provider. `name` stands in addresses and in the database, `label` on the page's button."""

    def __init__(self, name: str, label: str, client: ProviderClient) -> None:
        self.name = name
        self.label = label
        self.client = client

    def authorization(self) -> dict[str, str]:
        """Where to send the browser: `{url, state, code_verifier, nonce?}`; all but `url` are to be kept."""
        with self.asking():
            return dict(self.client.create_authorization_url(self.redirect_uri))

    def identify(self, code: str, code_verifier: str, redirect_uri: str, nonce: str | None) -> Profile:
        """Swap the code for tokens and read from them who signed in; `oauth_failed` for whatever goes wrong."""
        with self.asking():
            token = self.client.fetch_access_token(redirect_uri, code=code, code_verifier=code_verifier)
            return self._profile(token, nonce)

    @abstractmethod
    def _profile(self, token: dict[str, Any], nonce: str | None) -> Profile:
        """Who the tokens belong to. May raise anything: what a provider answers is never our mistake."""

    def check_issuer(self, iss: str | None) -> None:  # noqa: B027
        """Refuse an answer that another provider gave (RFC 9207), for providers that are known by an issuer."""

    @property
    def redirect_uri(self) -> str:
        """Our callback, exactly as it has to be registered at the provider."""
        settings: Settings = current_app.config["SETTINGS"]
        return (settings.public_url or request.host_url.rstrip("/")) + CALLBACK.format(name=self.name)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Whatever a provider answers, or that it does not, is `oauth_failed` for the person and a line in the log."""
        try:
            yield
        except ChatError:
            raise
        except Exception as error:
            raise self.failed(_reason(error)) from None

    def failed(self, reason: str) -> ChatError:
        """`reason` is for the log: it holds nothing that a browser or a provider wrote."""
        log.warning("signing in with %s failed: %s", self.name, reason)
        return ChatError("oauth_failed", f"Signing in with {self.label} did not work. Please try again.")


def _reason(error: Exception) -> str:
    """What went wrong, without the error's own text: that may quote a token, a code or an address."""
    kind = type(error).__name__
    if isinstance(error, HTTPError) and error.response is not None:
        return f"{kind} {error.response.status_code}"
    if isinstance(error, (AuthlibBaseError, JoseError)):
        words = (str(error.error or ""), str(getattr(error, "claim", None) or ""))
        return " ".join([kind, *(word for word in words if re.fullmatch(r"[a-z_]{1,40}", word))])
    return kind
