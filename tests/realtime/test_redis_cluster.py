"""The product with its bus on a Redis Cluster, a node of which dies."""

from pathlib import Path

from chat_app.realtime.bus import CHANNEL
from chat_app.realtime.publish import CHAT, conversation_room
from chat_app.realtime.transport.shards import Shards, tag_of
from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.redis_cluster import RedisCluster
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually


def rooms_by_master(cluster: RedisCluster, ada: Account, cleo: Account) -> dict[int, str]:
    """A conversation of both for each master: the one that has its channel."""
    found: dict[int, str] = {}
    while len(found) < len(cluster.masters):
        group = ada.group(cleo)
        tag = tag_of(Shards(CHANNEL).of_room(CHAT, conversation_room(group)))
        found.setdefault(cluster.masters.index(cluster.owner(b"%d" % tag)), group)
    return found


def crosses(ada: Account, cleo: Socket, group: str) -> bool:
    said = ada.say(group, "Do you hear me?")
    cleo.wait_for("message", lambda message: message["id"] == said["id"], timeout=1)
    return True


def test_processes_hear_each_other_and_a_dead_node_is_made_up_for(
    tmp_path: Path, postgres: Postgres, redis: Redis, redis_cluster: RedisCluster, sockets: Sockets
):
    settings = {"BUS_URL": redis_cluster.url}
    with deployments.cluster(tmp_path, postgres, redis, settings) as deployment:
        first, second = deployment.urls
        ada, cleo = Api(first).register(), Api(second).register()
        rooms = rooms_by_master(redis_cluster, ada, cleo)
        socket = sockets.connect(second, cleo.token)
        for group in rooms.values():
            assert crosses(ada, socket, group)
        ready = len(socket.received("ready"))
        redis_cluster.masters[0].kill()
        said = ada.say(rooms[0], "Its node is away")
        assert crosses(ada, socket, rooms[1])
        eventually(lambda: len(socket.received("ready")) > ready, timeout=20)
        answer = socket.do("sync", {"conversations": {rooms[0]: said["change"] - 1}})
        assert said["id"] in {message["id"] for message in answer["messages"]}
        for group in rooms.values():
            assert eventually(lambda group=group: crosses(ada, socket, group), timeout=20)
        assert eventually(lambda: ada.get("//health").must()["status"] == "ok", timeout=20)
