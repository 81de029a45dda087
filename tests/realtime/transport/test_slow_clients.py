"""A client that does not read: nobody waits for it, little is kept for it, and it is cut off and told."""

import time

from tests.realtime.transport.conftest import Echo
from tests.realtime.transport.test_socket_io import connected

LINE = "x" * 50_000


def test_it_is_cut_off_and_the_others_hear_on(socket_io: Echo):
    deaf, other = connected(socket_io), connected(socket_io)
    memory = socket_io.tree()[-1].memory_info().rss
    deaf.link.settimeout(0.5)
    sent = 0
    began = time.monotonic()
    try:
        while time.monotonic() - began < 20:
            deaf.send(f'42["message","{LINE}"]')
            sent += 1
            if sent % 50 == 0:
                other.send('42["message","still here?"]')
                assert other.receive() == '42["message-back","still here?"]'
    except OSError:
        pass
    assert sent * len(LINE) > 2**21, "the kernel's own buffers take that much"
    deaf.link.settimeout(5)
    received = [deaf.receive() for _ in range(sent + 1)]
    assert 1008 in received or None in received
    assert socket_io.tree()[-1].memory_info().rss - memory < 20 * 2**20
    other.send('42["message","and now?"]')
    assert other.receive() == '42["message-back","and now?"]'


def test_who_reads_late_but_reads_gets_all_of_it(socket_io: Echo):
    late = connected(socket_io)
    late.send(*[f'42["message","{LINE}"]'] * 15)
    assert late.received(15) == [f'42["message-back","{LINE}"]'] * 15


def test_one_answer_may_be_larger_than_what_is_kept(socket_io: Echo):
    socket = connected(socket_io)
    socket.send('429["large",3000000]')
    assert len(socket.receive()) > 3_000_000
