"""The people of a test, spread over the web processes of a deployment."""

import itertools
import uuid

from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.sockets import Socket, Sockets


class People:
    """`ada, grace = people.some(2)`: on a cluster each next person is at another process."""

    def __init__(self, deployment: Deployment, sockets: Sockets) -> None:
        self.deployment = deployment
        self._sockets = sockets
        self._urls = itertools.cycle(deployment.urls)

    def one(self, **fields: str) -> Account:
        return Api(next(self._urls)).register(**fields)

    def some(self, count: int) -> list[Account]:
        return [self.one() for _ in range(count)]

    def chat(self, person: Account, url: str = "") -> Socket:
        """A socket of this person in /chat, at their process or another; everything before it is forgotten."""
        socket = self._sockets.connect(url or person.url, person.token)
        assert socket.connected, socket.events
        socket.clear()
        return socket

    def presence(self, person: Account, url: str = "") -> Socket:
        socket = self._sockets.connect(url or person.url, person.token, "/presence")
        assert socket.connected, socket.events
        socket.clear()
        return socket

    def everywhere(self, person: Account) -> list[Socket]:
        """One chat socket of this person at every process."""
        return [self.chat(person, url) for url in self.deployment.urls]

    def fence(self, person: Account, socket: Socket, via: str = "") -> None:
        """Wait until `socket`, which is in /chat, has everything that the process `via` sent before.

        Somebody new writes to its person there: events of one process arrive in order, so what has not
        arrived before this message will not arrive at all. To prove that a socket hears nothing.
        """
        witness = Api(via or self.deployment.url).register()
        word = uuid.uuid4().hex
        witness.say(witness.private(person), word)
        socket.wait_for("message", lambda message: message["content"] == word)
