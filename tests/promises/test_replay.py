"""A transcript of a busy channel, played as fast as it goes; each of its people is a real client."""

import json
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

import pytest

from tests.promises.crowd import Crowd, Person
from tests.promises.outage import Stopwatch
from tests.promises.truth import Truth, everybody_holds_the_truth
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.process import ROOT
from tests.services.redis import Redis

pytestmark = pytest.mark.promise("replay")

SAMPLE = ROOT / "tests/data/ubuntu-2008-04-27-sample.jsonl"
WHOLE = ROOT.parent / "shared/data/transcripts/ubuntu-2008-04-27.jsonl"
IN_FLIGHT = 200
"""Messages on their way at once."""
SLOW = {"RATE_LIMITS": "true", "MESSAGE_RATE": "8", "MESSAGE_BURST": "2", "AUTH_RATE_LIMIT": "10000/minute"}


class Replay:
    """The people of a transcript in a room, and what they say.

    Everybody says their lines in the order of the transcript; who answers a line waits until that line is stored.
    """

    def __init__(self, path: Path, crowd: Crowd, urls: list[str]) -> None:
        self.rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.crowd = crowd
        names = list(dict.fromkeys(row["user"] for row in self.rows))
        people = crowd.join(urls, len(names))
        self.cast: dict[str | None, Person] = dict(zip(names, people, strict=True))
        self.room = people[0].api.room(title=path.stem)
        for start in range(1, len(people), 100):
            ids = [person.id for person in people[start : start + 100]]
            people[0].api.post(f"/conversations/{self.room}/members", {"user_ids": ids}).must(201)
        crowd.open(self.room)
        self.stored: dict[int, Any] = {}
        self.seconds = 0.0

    def play(self) -> None:
        watch = Stopwatch()
        waiting = list(self.rows)
        under_way: dict[Future[Any], int] = {}
        numbers = {row["n"] for row in waiting}
        while waiting or under_way:
            waiting = self._say_what_can_be_said(waiting, under_way, numbers)
            done, _ = wait(under_way, timeout=60, return_when=FIRST_COMPLETED)
            assert done, f"nothing was stored for a minute; {len(self.stored)} of {len(self.rows)} are"
            for said in done:
                self.stored[under_way.pop(said)] = said.result()
        self.seconds = watch.seconds

    def _say_what_can_be_said(self, waiting: list[Any], under_way: dict[Future[Any], int], numbers: set[int]) -> Any:
        held_up: set[str | None] = set()
        left = []
        for row in waiting:
            answers = row["reply_to"] if row["reply_to"] in numbers else None
            too_early = answers is not None and answers != row["n"] and answers not in self.stored
            if too_early or row["user"] in held_up or len(under_way) >= IN_FLIGHT:
                held_up.add(row["user"])
                left.append(row)
                continue
            reply_to = self.stored[answers]["id"] if answers in self.stored else None
            under_way[self.cast[row["user"]].say(self.room, row["text"], reply_to)] = row["n"]
        return left

    def check_against(self, truth: Truth) -> None:
        """Every row of the transcript is stored once, as it was said, by whom and in answer to what."""
        rows = {row["client_msg_id"]: row for row in truth.messages(self.room)}
        assert len(rows) == len(self.rows)
        for row in self.rows:
            kept = rows[self.stored[row["n"]]["client_msg_id"]]
            answered = self.stored.get(row["reply_to"]) if row["reply_to"] != row["n"] else None
            assert kept["content"].encode() == row["text"].encode()
            assert kept["sender_id"] == self.cast[row["user"]].id
            assert kept["reply_to_id"] == (answered["id"] if answered else None)
        for person in self.cast.values():
            mine = [row["n"] for row in self.rows if self.cast[row["user"]] is person]
            assert sorted(mine, key=lambda n: self.stored[n]["seq"]) == mine

    def figures(self) -> str:
        messages = len(self.rows) / self.seconds
        return (
            f"{len(self.rows)} messages of {len(self.cast)} clients on 2 processes in {self.seconds:.1f} s: "
            f"{messages:.0f} messages/s, {messages * len(self.cast):.0f} deliveries/s"
        )


def test_everybody_holds_the_sample_alike_though_the_server_limits_their_rate(
    tmp_path: Path, postgres: Postgres, own_redis: Redis, large_crowd: Crowd, figure
):
    with deployments.cluster(tmp_path, postgres, own_redis, SLOW) as cluster:
        replay = Replay(SAMPLE, large_crowd, cluster.urls)
        replay.play()
        watch = Stopwatch()
        everybody_holds_the_truth(large_crowd, replay.room, Truth(cluster), timeout=20)
        seconds = watch.seconds
        replay.check_against(Truth(cluster))
        busiest = max(Counter(row["user"] for row in replay.rows).values())
        assert replay.seconds >= (busiest - int(SLOW["MESSAGE_BURST"])) / float(SLOW["MESSAGE_RATE"])
        figure(
            f"{replay.figures()}; equal {seconds:.2f} s later; the busiest sent {busiest} at {SLOW['MESSAGE_RATE']}/s"
        )


@pytest.mark.timeout(600)  # 360,000 deliveries: half a minute on two free cores, much more on busy ones
@pytest.mark.skipif(not WHOLE.exists(), reason="the whole transcript is not part of this repository")
def test_everybody_holds_the_whole_transcript_alike(cluster: Deployment, large_crowd: Crowd, truth: Truth, figure):
    replay = Replay(WHOLE, large_crowd, cluster.urls)
    replay.play()
    watch = Stopwatch()
    everybody_holds_the_truth(large_crowd, replay.room, truth, timeout=60)
    seconds = watch.seconds
    replay.check_against(truth)
    figure(f"{replay.figures()}; equal {seconds:.2f} s later")
