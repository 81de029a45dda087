"""The links of a process to Redis: one, or one to each master of a Cluster, and which channel goes over which."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock
from typing import Any

import redis

from chat_app.realtime.transport import resp
from chat_app.realtime.transport.addresses import Address, Node, owners
from chat_app.realtime.transport.exchange import Publish
from chat_app.realtime.transport.link import RECONNECT_PAUSE, Link, Runtime
from chat_app.realtime.transport.shards import TAGS, Shards, tag_of
from chat_app.realtime.transport.subscriptions import Subscriptions

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds after which a Cluster is asked anew for its masters, beside when a link fails or is told to ask elsewhere."""


class Network:
    """Publishes and subscribes. `on_messages(messages, link)` gets what comes, in order for each link;
    `on_restored()` is called when something may have been missed, `on_overflow()` when messages were dropped.
    """

    def __init__(
        self,
        address: Address,
        shards: Shards,
        host_id: str,
        runtime: Runtime,
        *,
        on_messages: Callable[[list[bytes], Link], None],
        on_restored: Callable[[], None],
        on_overflow: Callable[[], None],
    ) -> None:
        self._address = address
        self._shards = shards
        self._host_id = host_id
        self._runtime = runtime
        self._on_messages = on_messages
        self.restored = on_restored
        self.overflowed = on_overflow
        self._subscriptions = Subscriptions(self)
        self._look_again = runtime.event()
        self._stray: list[Publish] = []
        self._retired: list[Link] = []
        """Links that have nothing any more, until Redis has answered what they sent."""
        self._closed_dropped = self._closed_interruptions = 0
        first = self._link(None, 0)
        self._by_tag: list[Link] = [first] * TAGS
        self.links: list[Link] = [first]
        self._only = None if address.is_cluster else first

    def _link(self, node: Node | None, tag: int) -> Link:
        return Link(self._address, node, self, self._runtime, self._shards.heart(tag, self._host_id))

    def start(self) -> None:
        if self._address.is_cluster:
            self._runtime.start(self._follow)
        else:
            self.links[0].start()

    # -- what others ask of it -------------------------------------------------------------------------

    def publish(self, channel: bytes, data: bytes) -> None:
        link = self._only or self._by_tag[tag_of(channel)]
        link.publish(Publish(channel, resp.publish(channel, data, sharded=self._address.is_cluster)))

    def enter(self, channel: bytes) -> None:
        """A room of this channel has got its first client here."""
        self._subscriptions.enter(channel)

    def leave(self, channel: bytes) -> None:
        """A room of this channel has lost its last client here."""
        self._subscriptions.leave(channel)

    def subscribe(self, channel: bytes) -> None:
        self._by_tag[tag_of(channel)].subscribe((channel,))

    def unsubscribe(self, channel: bytes) -> None:
        self._by_tag[tag_of(channel)].unsubscribe(channel)

    def is_confirmed(self, channel: bytes) -> bool:
        return self._by_tag[tag_of(channel)].is_confirmed(channel)

    @property
    def is_settled(self) -> bool:
        """Whether Redis has confirmed everything that is wanted now."""
        return all(link.is_settled for link in self.links)

    def settle(self, timeout: float) -> bool:
        """Wait until Redis has confirmed what is wanted now; see :meth:`Link.settle`."""
        settled = [link.settle(timeout) for link in self.links if not link.is_settled]
        return all(settled)

    def beat(self, data: bytes) -> None:
        """To be called now and then: have each link hear this process, end those that have not for too long."""
        self._subscriptions.sweep()
        for link in [one for one in self.links if not one.is_down]:
            link.publish(Publish(link.heart, resp.publish(link.heart, data, sharded=self._address.is_cluster)))
            link.end_if_silent()

    @property
    def is_up(self) -> bool:
        return all(link.is_up for link in self.links)

    @property
    def waiting(self) -> int:
        return sum(link.waiting for link in self.links)

    @property
    def dropped(self) -> int:
        return self._closed_dropped + sum(link.dropped for link in self.links)

    @property
    def interruptions(self) -> int:
        return self._closed_interruptions + sum(link.interruptions for link in self.links)

    # -- what links tell -------------------------------------------------------------------------------

    def heard(self, link: Link, messages: list[bytes]) -> None:
        self._on_messages(messages, link)

    def failed(self, link: Link) -> None:
        self._look_again.set()

    def moved(self, link: Link, stray: list[Publish]) -> None:
        self._stray += stray
        self._look_again.set()

    # -- a Cluster -------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Ask who has what, again and again."""
        pause = RECONNECT_PAUSE[0]
        while True:
            self._look_again.clear()
            known = tuple(link.node for link in self.links if link.node is not None)
            try:
                self._arrange(owners(self._address, known))
            except (redis.RedisError, OSError, ValueError) as error:
                log.warning("no node of the Cluster tells who has what: %s", error)
                self._look_again.set()
            settled = not self._look_again.is_set()
            pause = RECONNECT_PAUSE[0] if settled else min(pause * 2, RECONNECT_PAUSE[1])
            if settled:
                self._look_again.wait(LOOK_EVERY)
            self._runtime.sleep(pause)

    def _arrange(self, nodes: list[Node]) -> None:
        """Hand over what the masters of the Cluster have changed hands over. Nothing here waits."""
        links = {link.node: link for link in self.links if link.node is not None}
        for tag, node in enumerate(nodes):
            if node not in links:
                links[node] = self._link(node, tag)
                links[node].start()
        before = [*self.links, *self._retired]
        self._by_tag = [links[node] for node in nodes]
        self.links = list(dict.fromkeys(self._by_tag))
        for link in self.links:
            if self._by_tag[tag_of(link.heart)] is not link:
                link.change_heart(self._shards.heart(self._by_tag.index(link), self._host_id))
        for link in before:
            self._hand_over(*link.give_up(partial(self._is_elsewhere, link)))
        for link in self.links:
            link.ask_again()
        stray, self._stray = self._stray, []
        self._hand_over([], stray)
        self._retire([link for link in before if link not in self.links])

    def _is_elsewhere(self, link: Link, channel: bytes) -> bool:
        return self._by_tag[tag_of(channel)] is not link

    def _retire(self, links: list[Link]) -> None:
        self._retired = [link for link in links if link.waiting and not link.is_down]
        for link in links:
            if link not in self._retired:
                self._closed_dropped += link.dropped
                self._closed_interruptions += link.interruptions
                link.close()

    def _hand_over(self, channels: Iterable[bytes], messages: Iterable[Publish]) -> None:
        theirs: dict[Link, tuple[list[bytes], list[Publish]]] = {}
        for channel in channels:
            theirs.setdefault(self._by_tag[tag_of(channel)], ([], []))[0].append(channel)
        for message in messages:
            theirs.setdefault(self._by_tag[tag_of(message.channel)], ([], []))[1].append(message)
        for link, (adopted, waiting) in theirs.items():
            link.adopt(adopted, waiting)


class ThreadRuntime:
    """The concurrency of a server with threads."""

    def __init__(self, server: Any) -> None:
        self.start = server.start_background_task
        self.sleep = server.sleep
        self.event = self.signal = server.eio.create_event
        self.lock = Lock

    def stream(self, socket: Any) -> Any:
        return socket


def runtime_of(server: Any) -> Runtime:
    """That of a Socket.IO server."""
    if server.async_mode != "eventlet":
        return ThreadRuntime(server)
    from chat_app.realtime.transport.green import GreenRuntime  # it needs eventlet, which not every process has patched

    return GreenRuntime(server)
