import pytest

from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets


def test_a_connected_socket_calls_and_is_answered(embedded: Deployment, sockets: Sockets):
    ada = Api(embedded.url).register()
    chat = sockets.connect(ada.url, ada.token)
    assert chat.connected
    assert chat.wait_for("ready")["user_id"] == ada.id
    assert chat.call("sync", {})["ok"]
    assert chat.refused("no_such_event")["code"] == "unknown_event"


def test_the_names_that_the_client_reserves_can_be_sent_too(embedded: Deployment, sockets: Sockets):
    chat = sockets.connect(embedded.url, Api(embedded.url).register().token)
    assert chat.refused("connect", {})["code"] == "unknown_event"


def test_a_refusal_is_told_with_its_code(embedded: Deployment, sockets: Sockets):
    assert sockets.connect(embedded.url, "nonsense").connect_error["code"] == "unauthorized"


def test_waiting_in_vain_shows_what_was_received(embedded: Deployment, sockets: Sockets):
    chat = sockets.connect(embedded.url, Api(embedded.url).register().token)
    with pytest.raises(AssertionError, match=r"No such 'message' within 0.1 s(?s:.*)ready"):
        chat.wait_for("message", timeout=0.1)


def test_a_cut_socket_comes_back_when_it_may(embedded: Deployment, sockets: Sockets):
    chat = sockets.connect(embedded.url, Api(embedded.url).register().token, reconnection=True, reconnectionDelay=10)
    chat.clear()
    chat.cut()
    chat.wait_for("disconnect")
    assert chat.wait_for("ready")
