"""What all HTTP answers have in common."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets


@pytest.mark.parametrize("path", ["//health", "/auth/me", "//nothing"])
def test_answers_carry_the_security_headers(embedded: Deployment, path: str):
    headers = Api(embedded.url).get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Request-ID"]


def test_nothing_of_the_api_is_kept_by_caches(embedded: Deployment):
    assert Api(embedded.url).register().get("/auth/me").headers["Cache-Control"] == "no-store"


@pytest.fixture(scope="module")
def open_to_a_friend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    settings = {"CORS_ORIGINS": "https://friend.example"}
    with deployments.embedded(tmp_path_factory.mktemp("friend"), settings) as deployment:
        yield deployment


def test_only_named_origins_may_call_from_their_pages(open_to_a_friend: Deployment):
    api = Api(open_to_a_friend.url)
    friend = api.get("//api/health", headers={"Origin": "https://friend.example"})
    assert friend.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    for origin in ("https://foe.example", "https://friend.example.foe.example", "http://friend.example", "null"):
        foe = api.get("//api/health", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in foe.headers
        assert "Access-Control-Allow-Credentials" not in foe.headers


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_only_named_origins_may_open_a_socket(open_to_a_friend: Deployment, sockets: Sockets, transport: str):
    ada = Api(open_to_a_friend.url).register()

    def connected(origin: str) -> bool:
        options = {"transports": [transport], "extraHeaders": {"Origin": origin}}
        return sockets.connect(ada.url, ada.token, **options).connected

    assert connected("https://friend.example")
    assert connected(ada.url)
    assert not connected("https://foe.example")
    assert not connected("null")
