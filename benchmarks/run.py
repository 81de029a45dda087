"""Measure the server against its peers: `make bench`, `make bench B=fanout`, `python -m benchmarks.run --help`.

Every figure is a ratio to a peer that was measured in the same minute: the peers take turns, round by round, and what
counts is the processor time of a server's processes per unit of work. docs/performance.md
"""

import argparse
import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks import durable, resume
from benchmarks.history import history
from benchmarks.load import Load, Work
from benchmarks.peers import Peer, cpu_seconds, kibibytes
from benchmarks.report import RESULTS, Sample, keep, table
from benchmarks.start import start
from benchmarks.turns import Options, Outcome, Targets, kinds, rounds
from tests.services.redis import Redis
from tests.services.waiting import eventually


@dataclass
class Servers:
    """One process of a peer, or several and the Redis between them."""

    peers: list[Peer]
    redis: Redis | None = None

    @property
    def ports(self) -> list[int]:
        return [peer.port for peer in self.peers]

    @property
    def cpu_seconds(self) -> float:
        return sum(map(cpu_seconds, [*self.peers, *([self.redis] if self.redis else [])]))

    @property
    def kibibytes(self) -> float:
        return sum(map(kibibytes, self.peers))

    def all_listen(self) -> bool:
        """Whether each process has subscribed at Redis: what is sent before does not reach it."""
        if self.redis is None:
            return True
        with self.redis.client() as client:
            listening = [one for one in client.client_list() if int(one["sub"]) + int(one["psub"])]
        return len(listening) >= len(self.peers)


@contextmanager
def at_work(servers: Servers, shape: tuple[int, int, int], command: str, warm: float) -> Iterator[Callable[..., Work]]:
    """The work of clients that are connected; the servers have done it for a while."""
    with loading(servers, *shape) as load:
        load.connect()
        eventually(servers.all_listen)
        work: Callable[..., Work] = getattr(load, command)
        work(warm)  # so that Node.js has compiled what is hot
        yield work


@contextmanager
def serving(kind: str, size: int = 1, *, with_redis: bool = False) -> Iterator[Servers]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = Redis(directory) if size > 1 or with_redis else None
        servers = Servers([Peer(kind, directory, redis.url if redis else "", one) for one in range(size)], redis)
        for process in [*([redis] if redis else []), *servers.peers]:
            stack.callback(process.close)
            process.start()
        yield servers


@contextmanager
def loading(servers: Servers, connections: int, rooms: int = 1, in_flight: int = 1) -> Iterator[Load]:
    load = Load(servers.ports, connections, rooms, in_flight)
    try:
        yield load
    finally:
        load.close()


def measured(servers: Servers, work: Callable[[], Work], per: int = 1) -> Sample:
    """Microseconds of the servers' processor time for each `per` units."""
    before = servers.cpu_seconds
    done = work()
    return Sample((servers.cpu_seconds - before) / done.units * per * 1e6, done.p50, done.p99)


def steady(
    title: str,
    options: Options,
    targets: Targets,
    shape: tuple[int, int, int],
    *,
    per: int = 1,
    command: str = "say",
    sizes: Mapping[str, int] | None = None,
) -> dict[str, list[Sample]]:
    """All peers stand with their clients connected; in its turn each works for a while.

    `shape` is the number of connections, of rooms, and of messages in flight in a room; `sizes` the number of
    processes of a peer, if it is not one. "alone" is ours again, in one process.
    """
    with ExitStack() as stack:
        turns: dict[str, Callable[[], Sample]] = {}
        for kind in kinds(targets, options):
            servers = stack.enter_context(serving("ours" if kind == "alone" else kind, (sizes or {}).get(kind, 1)))
            work = stack.enter_context(at_work(servers, shape, command, 4 * options.seconds))

            def turn(servers: Servers = servers, work: Callable[[float], Work] = work) -> Sample:
                return measured(servers, lambda: work(options.seconds), per)

            turns[kind] = turn
        return rounds(title, options, turns)


# -- the benches -------------------------------------------------------------------------------------------


def fanout(options: Options, outcome: Outcome) -> None:
    """Messages to everybody in one room, two in flight."""
    targets = {"node": 0.5, "stock": None, "floor": 1.2}
    for members in (200, 1000):
        shape = (options.connections(members), 1, 2)
        samples = steady(f"fanout {members}", options, targets, shape)
        outcome.add("fanout", f"CPU µs per delivery, {members} members", samples, targets)


def burst(options: Options, outcome: Outcome) -> None:
    """The same with sixteen in flight."""
    targets = {"node": 0.25, "stock": None, "floor": None}
    samples = steady("burst", options, targets, (options.connections(200), 1, 16))
    outcome.add("burst", "CPU µs per delivery", samples, targets)


def echo(options: Options, outcome: Outcome) -> None:
    """Events with an acknowledgement."""
    targets = {"node": 1.25, "stock": None, "floor": None}
    samples = steady("echo", options, targets, (options.connections(50), 1, 1), command="echo")
    outcome.add("echo", "CPU µs per event", samples, targets)


def pair(options: Options, outcome: Outcome) -> None:
    """A hundred rooms of two, one message in flight in each."""
    targets = {"node": None, "stock": None, "floor": None}
    connections = options.connections(200, step=2)
    samples = steady("pair", options, targets, (connections, connections // 2, 1), per=2)
    outcome.add("pair", "CPU µs per send", samples, targets)


def connect(options: Options, outcome: Outcome) -> None:
    """Websockets opened and joined to a namespace and a room, fifty at a time."""
    targets = {"node": 1.0, "stock": None}
    with ExitStack() as stack:
        turns: dict[str, Callable[[], Sample]] = {}
        for kind in kinds(targets, options):
            servers = stack.enter_context(serving(kind))
            load = stack.enter_context(loading(servers, options.connections(1000)))
            load.connect()
            load.disconnect()

            def turn(servers: Servers = servers, load: Load = load) -> Sample:
                sample = measured(servers, load.connect)
                load.disconnect()
                return sample

            turns[kind] = turn
        outcome.add("connect", "CPU µs per connection", rounds("connect", options, turns), targets)


def idle(options: Options, outcome: Outcome) -> None:
    """What a connection holds that does nothing; each round with a new server."""
    targets = {"node": None}
    connections = options.connections(10_000)

    def turn(kind: str) -> Sample:
        with serving(kind) as servers, loading(servers, 50) as warm, loading(servers, connections) as load:
            warm.connect()
            before = servers.kibibytes
            load.connect()
            return Sample((servers.kibibytes - before) / connections)

    turns = {kind: (lambda kind=kind: turn(kind)) for kind in kinds(targets, options)}
    outcome.add("idle", "KiB per connection", rounds("idle", options, turns), targets)
    outcome.bound("idle", resume.KIBIBYTES)


def churn(options: Options, outcome: Outcome) -> None:
    """What connections that come and go leave behind: 100,000 of them, at our gunicorn worker; not a ratio.

    The target, 2 MiB, is 21 bytes for each; what a leak of one object for each would take is many times that.
    """
    at_once, warm, rounds_ = options.connections(1000), 20, 100
    with serving("worker") as servers, loading(servers, at_once) as load:

        def come_and_go(times: int) -> float:
            for _ in range(times):
                load.connect()
                load.disconnect()
            return servers.kibibytes

        before = come_and_go(warm)
        for number in range(4):
            after = come_and_go(rounds_ // 4)
            told = f"{(number + 1) * at_once * rounds_ // 4} come and gone, {after - before:+.0f} KiB of {before:.0f}"
            print(f"  {told}", flush=True)
    own = [Sample(max(0.0, after - before))]
    outcome.add("churn", f"KiB left by {at_once * rounds_} connections", {"ours": own, "none": own}, {"none": None})
    for one in outcome.rows:
        if one.bench == "churn":
            one.target = 2048.0
            one.met = one.ours <= 2048.0


TWO = {"ours": 2, "node": 2, "stock": 2}


def scale(options: Options, outcome: Outcome) -> None:
    """A room of 200 over two processes with Redis between them, whose cost is counted, against our one without."""
    targets = {"alone": 1.2, "node": None, "stock": None}
    samples = steady("scale", options, targets, (options.connections(200), 1, 2), sizes=TWO)
    outcome.add("scale", "CPU µs per delivery, 200 members", samples, targets)


def relay(options: Options, outcome: Outcome) -> None:
    """Forty rooms of two over two processes with Redis between them: each message has to cross.

    Not a hundred: stock Flask-SocketIO then says "Cannot publish to redis", and messages do not arrive.
    """
    targets = {"node": None, "stock": None}
    connections = options.connections(80, step=2)
    samples = steady("relay", options, targets, (connections, connections // 2, 1), per=2, sizes=TWO)
    outcome.add("relay", "CPU µs per send", samples, targets)


def growth(options: Options, outcome: Outcome) -> None:
    """One, two and four processes, each with as much to do: twenty rooms of two, whose members are at neighbours.

    What a process is sent that it has nobody for makes the cost of a send grow with the number of processes.
    """
    sizes = (1, 2, 4)
    names = [kind for kind in ("ours", "node") if kind not in options.without]
    with ExitStack() as stack:
        turns: dict[str, Callable[[], Sample]] = {}
        for kind, size in product(names, sizes):
            servers = stack.enter_context(serving(kind, size, with_redis=True))
            rooms = options.connections(20 * size, step=size)
            work = stack.enter_context(at_work(servers, (2 * rooms, rooms, 1), "say", 4 * options.seconds))

            def turn(servers: Servers = servers, work: Callable[..., Work] = work) -> Sample:
                return measured(servers, lambda: work(options.seconds), per=2)

            turns[f"{kind} {size}"] = turn
        samples = rounds("growth", options, turns)
    for size in sizes:
        unit = f"CPU µs per send, {size} process{'es' * (size > 1)}"
        if size > 1:
            outcome.compare("growth", unit, samples[f"ours {size}"], "ours, half as many", samples[f"ours {size // 2}"])
        if "node" in names:
            outcome.compare("growth", unit, samples[f"ours {size}"], "node", samples[f"node {size}"])
    if "node" in names:
        unit = "Node's CPU µs per send, 4 processes"
        outcome.compare("growth", unit, samples["node 4"], "node, half as many", samples["node 2"])


BENCHES: dict[str, Callable[[Options, Outcome], None]] = {
    bench.__name__: bench
    for bench in (
        *(fanout, burst, echo, pair, connect, idle, scale, relay, growth, churn),
        *(durable.send, durable.room, durable.replay),
        *(resume.ready, resume.resume, resume.resident, history, start),
    )
}
LONG = {"churn", "resident"}
"""Those that run only when they are named."""


def run(names: list[str], options: Options, results: Path | None = None) -> Outcome:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    outcome = Outcome()
    for name in names:
        print(f"{name}: {(BENCHES[name].__doc__ or '').splitlines()[0]}", flush=True)
        BENCHES[name](options, outcome)
        if results is not None:
            keep(outcome.rows, results)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("bench", nargs="*", help=f"of {', '.join(BENCHES)}; without any, all but {', '.join(LONG)}")
    parser.add_argument("--pairs", type=int, default=Options.pairs)
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="of one round of one peer")
    parser.add_argument("--without", action="append", default=[], metavar="PEER", help="leave a peer out")
    parser.add_argument("--transcript", type=Path, default=Options.transcript, help="what `replay` plays")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where latest.json goes")
    asked = parser.parse_args()
    unknown = set(asked.bench) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    options = Options(asked.pairs, asked.seconds, without=frozenset(asked.without), transcript=asked.transcript)
    outcome = run(asked.bench or [name for name in BENCHES if name not in LONG], options, asked.results)
    print(table(outcome.rows, outcome.latencies))
    print(f"Kept in {asked.results}")


if __name__ == "__main__":
    main()
