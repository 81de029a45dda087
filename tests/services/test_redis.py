import pytest
import redis as client_library

from tests.services.redis import Redis
from tests.services.waiting import eventually


def test_it_keeps_what_it_is_told(redis: Redis):
    with redis.client() as client:
        client.set("test:greeting", "hello")
        assert client.get("test:greeting") == "hello"


def test_it_can_be_stopped_and_started_on_the_same_port(own_redis: Redis):
    own_redis.stop()
    with own_redis.client() as client:
        with pytest.raises(client_library.ConnectionError):
            client.ping()
        own_redis.start()
        assert client.ping()


def test_a_paused_one_does_not_answer_until_it_is_resumed(own_redis: Redis):
    with client_library.Redis(port=own_redis.port, socket_timeout=0.2, retry=None) as client:
        assert client.ping()
        own_redis.pause()
        with pytest.raises(client_library.TimeoutError):
            client.ping()
        own_redis.resume()
        assert eventually(client.ping)
