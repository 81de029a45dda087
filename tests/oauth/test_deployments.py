"""Signing in on two processes, behind https, where registration is closed, and where providers are away."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.mail import Certificate
from tests.services.openid import somebody
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.visitor import Site, Visitor, callback, query, site

PUBLIC = "https://chat.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def cluster_site(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis, certificate: Certificate
) -> Iterator[Site]:
    """Two processes, and a provider that speaks TLS as real ones do."""
    directory = tmp_path_factory.mktemp("cluster-with-providers")
    settings = {"REQUESTS_CA_BUNDLE": str(certificate.file)}
    with site(directory, settings, certificate, postgres=postgres, redis=redis) as with_providers:
        yield with_providers


def test_a_sign_in_begun_at_one_process_is_completed_at_the_other(cluster_site: Site, certificate: Certificate):
    one, other = cluster_site.deployment.urls
    browser = Visitor(one, certificate)
    back = browser.agree(browser.begin())
    assert browser.come_back(back.replace(one, other)) == "/#/sign-in/oauth_failed"  # not the registered address
    back = browser.agree(browser.begin())
    assert browser.come_back(back) == "/#/signed-in"
    browser.url = other
    assert Account.of(other, browser.complete().must()).get("/auth/me").must()
    browser.close()


def test_of_two_first_sign_ins_at_once_both_get_the_same_account(cluster_site: Site, certificate: Certificate):
    for _ in range(5):
        cluster_site.openid.person = somebody()
        browsers = [Visitor(url, certificate) for url in cluster_site.deployment.urls * 2]
        with ThreadPoolExecutor(len(browsers)) as threads:
            accounts = list(threads.map(Visitor.account, browsers))
        assert len({account.id for account in accounts}) == 1
        assert len(accounts[0].get("/auth/identities").must()["items"]) == 1
        for browser in browsers:
            browser.close()


def test_people_who_want_the_same_name_at_once_all_get_one(cluster_site: Site, certificate: Certificate):
    """Each with an address of their own: the name is settled by another attempt."""
    backs: list[tuple[Visitor, str]] = []
    for number in range(4):
        cluster_site.openid.person = somebody(preferred_username="grace")
        browser = Visitor(cluster_site.deployment.urls[number % 2], certificate)
        backs.append((browser, browser.agree(browser.begin())))
    with ThreadPoolExecutor(4) as threads:
        ends = list(threads.map(lambda pair: pair[0].come_back(pair[1]), backs))
    assert ends == ["/#/signed-in"] * 4
    names = [browser.complete().must()["user"]["username"] for browser, _ in backs]
    assert len(set(names)) == 4
    assert all(name.startswith("grace") for name in names)
    for browser, _ in backs:
        browser.close()


@pytest.fixture(scope="module")
def hanging() -> Iterator[str]:
    """The address of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module")
def closed_site(tmp_path_factory: pytest.TempPathFactory, hanging: str) -> Iterator[Site]:
    """Behind https, for invited people only, with a provider that wants its secret in the form."""
    settings = {"PUBLIC_URL": PUBLIC, "REGISTRATION": "closed", "TRUSTED_PROXIES": "1", "GITHUB_URL": hanging}
    with site(tmp_path_factory.mktemp("closed"), settings) as with_providers:
        with_providers.openid.client.auth_method = "client_secret_post"
        with_providers.openid.client.redirect_uris = {callback(PUBLIC, "oidc")}
        yield with_providers


class BehindProxy(Visitor):
    """Comes through a proxy that ends TLS. The jar would hold a Secure cookie back on our plain connection."""

    def step(self, address: str):
        cookie = "; ".join(f"{kept.name}={kept.value}" for kept in self.http.cookies)
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.org"}
        self.http.headers.update({**forwarded, "Cookie": cookie})
        return super().step(address.replace(PUBLIC, self.url))


@pytest.fixture
def behind_proxy(closed_site: Site) -> Iterator[BehindProxy]:
    closed_site.openid.person = somebody()
    visitor = BehindProxy(closed_site.url)
    yield visitor
    visitor.close()


def test_the_redirect_address_is_the_public_one_whatever_the_request_says(closed_site: Site):
    visitor = Visitor(closed_site.url)
    visitor.http.headers["Host"] = "evil.example"
    response = visitor.step(f"{closed_site.url}/api/v1/auth/oauth2/oidc/login")
    visitor.close()
    assert query(response.headers["Location"])["redirect_uri"] == callback(PUBLIC, "oidc")
    assert "Secure" in response.headers["Set-Cookie"].split("; ")


def test_a_stranger_gets_no_account_where_registration_is_closed(behind_proxy: BehindProxy):
    assert behind_proxy.sign_in() == "/#/sign-in/registration_closed"


def test_somebody_known_signs_in_there_all_the_same(closed_site: Site, behind_proxy: BehindProxy):
    person = closed_site.openid.person
    Database(closed_site.deployment.database_url).change(
        "INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, display_name, role, plan,"
        " created_at, updated_at) VALUES ('01a00000-0000-7000-8000-000000000002', 'ada', 'ada', :email, :email,"
        " CURRENT_TIMESTAMP, 'Ada', 'member', 'free', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)",
        email=person["email"],
    )
    assert behind_proxy.sign_in() == "/#/signed-in"


def test_a_provider_that_never_answers_holds_up_nobody_else(closed_site: Site):
    browser = BehindProxy(closed_site.url)
    at_github = query(browser.begin("github"))
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as thread:
        end = thread.submit(browser.come_back, f"{callback(PUBLIC, 'github')}?code=c&state={at_github['state']}")
        answers = 0
        while not end.done():
            asked = time.monotonic()
            Api(closed_site.url).get("/auth/providers").must()
            assert time.monotonic() - asked < 2
            answers += 1
        assert end.result() == "/#/sign-in/oauth_failed"
    assert answers > 10
    assert 4 < time.monotonic() - begun < 15
    assert "signing in with github failed: ReadTimeout" in closed_site.log()
    browser.close()
