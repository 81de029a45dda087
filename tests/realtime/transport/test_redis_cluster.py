"""Two processes of an application that knows nothing of chat, over a real Redis Cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.realtime.transport.redis import RedisManager
from chat_app.realtime.transport.shards import Shards, tag_of
from tests.realtime.transport.conftest import Echo
from tests.realtime.transport.test_redis import crosses, joined, sid_of
from tests.realtime.transport.test_socket_io import connected
from tests.services.redis_cluster import RedisCluster
from tests.services.waiting import eventually

SHARDS = Shards("flask-socketio")


@pytest.fixture
def pair(tmp_path: Path, redis_cluster: RedisCluster) -> Iterator[list[Echo]]:
    servers = [Echo("socket", tmp_path / name, queue=redis_cluster.url) for name in ("one", "two")]
    try:
        for server in servers:
            server.log.parent.mkdir()
            server.start()
        yield servers
    finally:
        for server in servers:
            server.close()


def rooms_on(cluster: RedisCluster) -> dict[int, str]:
    """A room whose channel is at this master, by the master's number."""
    found: dict[int, str] = {}
    for number in range(1000):
        room = f"room {number}"
        owner = cluster.masters.index(cluster.owner(b"%d" % tag_of(SHARDS.of_room("/", room))))
        found.setdefault(owner, room)
        if len(found) == len(cluster.masters):
            break
    return found


def test_processes_hear_each_other_whatever_node_a_room_is_on(pair: list[Echo], redis_cluster: RedisCluster):
    here, there = (connected(server) for server in pair)
    rooms = [f"room {number}" for number in range(40)]
    for room in rooms:
        joined(there, room)
    for room in rooms:
        here.send(f'42["room","{room}","{room}"]')
    assert sorted(there.received(40)) == sorted(f'42["room","{room}"]' for room in rooms)
    sid = sid_of(there)
    here.send(f'427["ask_other","{sid}"]')
    assert there.receive() == '421["question"]'
    there.send('431["from afar"]')
    assert here.receive() == '437["from afar"]'
    here.send('42["everybody","all of them"]')
    assert here.receive() == there.receive() == '42["everybody","all of them"]'
    RedisManager(redis_cluster.url, write_only=True).emit("news", "of a worker", room="room 7")
    assert there.receive() == '42["news","of a worker"]'


def test_a_room_whose_slot_moves_to_another_node_goes_on(pair: list[Echo], redis_cluster: RedisCluster):
    here, there = (connected(server) for server in pair)
    rooms = rooms_on(redis_cluster)
    for room in rooms.values():
        joined(there, room)
    redis_cluster.move(b"%d" % tag_of(SHARDS.of_room("/", rooms[0])), to=redis_cluster.masters[1])
    eventually(lambda: crosses(here, there, rooms[0]))
    assert crosses(here, there, rooms[2])


def test_a_node_that_dies_is_replaced_and_the_others_go_on(pair: list[Echo], redis_cluster: RedisCluster):
    here, there = (connected(server) for server in pair)
    rooms = rooms_on(redis_cluster)
    for room in rooms.values():
        joined(there, room)
    redis_cluster.masters[0].kill()
    assert crosses(here, there, rooms[2])
    assert eventually(lambda: crosses(here, there, rooms[0]), timeout=20)
    assert crosses(here, there, rooms[1])
