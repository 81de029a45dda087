"""A door on the way to a server: what clients say can be held back, while what the server says still arrives."""

import socket
import threading
from contextlib import suppress

READ_SIZE = 65536


class Gate:
    """Listens on a port of its own; open at first."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._moving = threading.Lock()
        self._is_open = True
        self._held: list[tuple[socket.socket, bytes]] = []
        self._links: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        with self._moving:
            self._is_open = False

    def open(self) -> None:
        with self._moving, suppress(OSError):
            self._is_open = True
            held, self._held = self._held, []
            for server, data in held:
                server.sendall(data)

    @property
    def held(self) -> bytes:
        """What waits for it to open."""
        with self._moving:
            return b"".join(data for _, data in self._held)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._links += [client, server]
                threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(READ_SIZE):
                with self._moving:
                    if self._is_open:
                        server.sendall(data)
                    else:
                        self._held.append((server, data))
        _end(server)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(READ_SIZE):
                client.sendall(data)
        _end(client)

    def close(self) -> None:
        self._listener.close()
        for link in self._links:
            _end(link)
            link.close()


def _end(link: socket.socket) -> None:
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
