"""A browser that signs in with a provider: keeps cookies, goes where it is sent, stops at each station."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.services import deployment as deployments
from tests.services.api import Account, Answer
from tests.services.deployment import Deployment
from tests.services.github import GitHub, github
from tests.services.mail import Certificate
from tests.services.openid import OpenId, openid


def callback(url: str, provider: str) -> str:
    """The redirect address of a server."""
    return f"{url}/api/v1/auth/oauth2/{provider}/callback"


class Visitor:
    """At the web process `url`. Other processes of the same host get the same cookies, as in a browser."""

    def __init__(self, url: str, certificate: Certificate | None = None) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(certificate.file) if certificate else True

    def close(self) -> None:
        self.http.close()

    def step(self, address: str) -> requests.Response:
        """Open an address, without following where it leads."""
        return self.http.get(address, allow_redirects=False, timeout=30)

    def begin(self, provider: str = "oidc") -> str:
        """Press the button; returns the address at the provider."""
        response = self.step(f"{self.url}/api/v1/auth/oauth2/{provider}/login")
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def agree(self, at_provider: str) -> str:
        """Say yes at the provider; returns the address of the callback."""
        response = self.step(at_provider)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def come_back(self, address: str) -> str:
        """Follow the provider's redirect; returns where the page is opened, e.g. ``/#/signed-in``."""
        response = self.step(address)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def sign_in(self, provider: str = "oidc") -> str:
        """All the way until the page."""
        return self.come_back(self.agree(self.begin(provider)))

    def complete(self, **headers: str) -> Answer:
        """What the page does at `/#/signed-in`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.http.post(f"{self.url}/api/v1/auth/oauth2/complete", headers=given, timeout=30)
        return Answer(response.status_code, response.json(), response.headers)

    def account(self, provider: str = "oidc") -> Account:
        """Sign in and be somebody."""
        assert self.sign_in(provider) == "/#/signed-in"
        return Account.of(self.url, self.complete().must())

    def begin_link(self, account: Account, provider: str = "oidc") -> str:
        """Press "link" in the settings; returns the address at the provider."""
        headers = {"Authorization": f"Bearer {account.token}"}
        response = self.http.post(f"{self.url}/api/v1/auth/oauth2/{provider}/link", headers=headers, timeout=30)
        assert response.status_code == 200, response.text
        return str(response.json()["url"])

    def link(self, account: Account, provider: str = "oidc") -> str:
        return self.come_back(self.agree(self.begin_link(account, provider)))


def query(address: str) -> dict[str, str]:
    """The query parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@dataclass(frozen=True)
class Site:
    """A deployment with two providers, which are real servers of the test."""

    deployment: Deployment
    openid: OpenId
    github: GitHub

    @property
    def url(self) -> str:
        return self.deployment.url

    def log(self) -> str:
        return "".join(server.log.read_text(errors="replace") for server in self.deployment.servers)


@contextmanager
def site(
    directory: Path, settings: dict[str, Any] | None = None, certificate: Certificate | None = None, **cluster: Any
) -> Iterator[Site]:
    """Embedded; with `postgres=` and `redis=` a cluster. The OpenID Connect provider has this certificate."""
    with openid(certificate) as provider, github() as hub:
        all_settings = {**provider.settings, **hub.settings, "LOG_LEVEL": "DEBUG", **(settings or {})}
        start = deployments.cluster if cluster else deployments.embedded
        with start(directory, **cluster, settings=all_settings) as deployment:
            provider.client.redirect_uris |= {callback(url, "oidc") for url in deployment.urls}
            hub.redirect_uri = callback(deployment.url, "github")
            yield Site(deployment, provider, hub)
