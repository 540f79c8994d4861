"""A store over many runs, crashes and commands: what is accepted reaches its own destination, in order."""

import asyncio
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import virtual_time
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering.delivery import Delivery
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.pending import Pending, PendingCall
from segment_pendo.words import SdkRequest, Webhook

HOW: Final = How(Schedule(20), concurrency=3)
# The same host with another key is another destination.
DESTINATIONS: Final = [("us", "k1"), ("us", "k2"), ("eu", "k1")]
FAILURES: Final = {
    "ok": Answer(200),
    "503": Answer(503, "pendo answered 503"),
    "403": Answer(403, "pendo answered 403"),
    "none": Answer(None, "no answer from pendo", perhaps_taken=True),
}
type Place = tuple[str, str]


class Outbox(RuleBasedStateMachine):
    """One store on disk. `accepted`: message ids by destination and user; `arrived`: the same, by arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.crashes = 0
        self.now = 0.0
        self.requests = 0
        self.accepted: dict[tuple[Place, str], list[str]] = defaultdict(list)
        self.arrived: dict[tuple[Place, str], list[str]] = defaultdict(list)
        self.place_of: dict[str, tuple[Place, str]] = {}
        # What may arrive later than what was accepted after it, or never: it was dead once, or dropped.
        self.given_up: set[str] = set()
        self.left_behind: list[Store] = []
        self.open(Path(self.folder.name, "store0"), DESTINATIONS[0])

    def open(self, path: Path, destination: Place) -> None:
        self.path, self.destination = path, destination
        name, key = destination
        self.store = Store(path, setup=Setup(), destination=name, fingerprint=key, clock=self.clock)
        self.store.outbox.resume()
        self.pending = Pending(self.store.database)

    def clock(self) -> float:
        """Seconds since 1970: those of earlier rules, and those of the loop that runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return virtual_time.BEGAN + self.now
        return virtual_time.clock() + self.now

    @rule(users=st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    def accept(self, users: list[str]) -> None:
        self.requests += 1
        name = f"r-{self.requests}"
        calls = [
            {"type": "identify", "userId": user, "messageId": f"{name}.{at}"} for at, user in enumerate(users)
        ]
        request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode())
        at = datetime.fromtimestamp(self.clock(), UTC)
        self.store.take(assess(request, id=name, at=at, setup=Setup()))
        for index, user in enumerate(users):
            self.accepted[self.destination, user].append(f"{name}.{index}")
            self.place_of[f"{name}.{index}"] = (self.destination, user)

    @rule(
        seconds=st.sampled_from([1, 5, 60]),
        answers=st.lists(st.sampled_from(sorted(FAILURES)), max_size=12),
        then=st.sampled_from(["ok", "503"]),
    )
    def deliver(self, seconds: float, answers: list[str], then: str) -> None:
        """Deliver for some seconds to a Pendo that fails as drawn; then as `then` says."""
        left = iter(answers)
        virtual_time.run(self._deliver(seconds, lambda: FAILURES[next(left, then)]))

    async def _deliver(self, seconds: float, answer: Callable[[], Answer]) -> None:
        destination = self.destination

        async def send(webhook: Webhook) -> Answer:
            event = json.loads(webhook.body)
            given = answer()
            if given.status == 200 or given.perhaps_taken:
                self.arrived[destination, event["userId"]].append(event["messageId"])
            await asyncio.sleep(0.01)
            return given

        delivery = Delivery(
            "pendo", lambda _client: send, self.store, lambda *_: None, how=HOW, clock=self.clock
        )
        await delivery.start()
        await delivery.drain(seconds)
        await delivery.close()
        self.now += asyncio.get_running_loop().time()
        self.given_up.update(str(call.ref) for call in self.pending.all() if call.state == "dead")

    @rule(users=st.lists(st.sampled_from("abc"), min_size=1, max_size=2))
    def accept_what_is_refused(self, users: list[str]) -> None:
        self.accept(users)
        self.deliver(1, ["403"] * 12, "403")

    @rule(destination=st.sampled_from(DESTINATIONS))
    def crash(self, destination: Place) -> None:
        """Go on with the files as they lie there, as after kill -9: nothing is flushed or closed."""
        self.crashes += 1
        path = Path(self.folder.name, f"store{self.crashes}")
        for end in ("", "-wal"):
            file = self.path.with_name(self.path.name + end)
            if file.exists():
                shutil.copyfile(file, path.with_name(path.name + end))
        self.left_behind.append(self.store)
        self.open(path, destination)

    @rule(destination=st.sampled_from(DESTINATIONS))
    def restart(self, destination: Place) -> None:
        self.store.close()
        self.open(self.path, destination)

    @rule(data=st.data(), every=st.booleans())
    def retry(self, data: st.DataObject, *, every: bool) -> None:
        calls = [*self.pending.all()]
        chosen = None if every else self._drawn(data, calls)
        assert self.pending.retry(chosen) == len(calls if chosen is None else chosen)

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        chosen = self._drawn(data, [*self.pending.all()])
        assert self.pending.drop(chosen) == len(chosen)
        dropped = {str(call.ref) for call in chosen}
        for names in self.accepted.values():
            names[:] = [name for name in names if name not in dropped]
        self.given_up |= dropped

    def _drawn(self, data: st.DataObject, calls: list[PendingCall]) -> list[PendingCall]:
        return data.draw(st.lists(st.sampled_from(calls), unique=True, max_size=5)) if calls else []

    @invariant()
    def counts_and_chains_agree_with_the_calls(self) -> None:
        wrong = self.store.database.execute(
            "select id from receipts r where open <> (select count(*) from calls c where c.n = r.n and "
            "c.state is not null and c.state <> 'delivered')"
        ).fetchall()
        assert wrong == []
        chains = self.store.database.execute("select chain from chains order by chain").fetchall()
        assert (
            chains
            == self.store.database.execute(
                "select distinct chain from calls where state = 'waiting' order by chain"
            ).fetchall()
        )

    @invariant()
    def what_arrived_is_in_order_and_at_its_own_destination(self) -> None:
        for place, names in self.arrived.items():
            first = [name for name in dict.fromkeys(names) if name not in self.given_up]
            order = [name for name in self.accepted[place] if name in set(first)]
            assert first == order, place
            assert {self.place_of[name] for name in names} <= {place}

    def teardown(self) -> None:
        """At a healthy Pendo, everything arrives that was accepted, and not dropped or dead."""
        try:
            dead = {str(call.ref) for call in self.pending.all() if call.state == "dead"}
            for destination in DESTINATIONS:
                self.restart(destination)
                virtual_time.run(self._deliver(600, lambda: FAILURES["ok"]))
            self.counts_and_chains_agree_with_the_calls()
            self.what_arrived_is_in_order_and_at_its_own_destination()
            assert {str(call.ref) for call in self.pending.all()} == dead
            for place, names in self.accepted.items():
                missing = set(names) - set(self.arrived[place])
                assert missing <= dead, place
        finally:
            for store in (*self.left_behind, self.store):
                store.close()
            self.folder.cleanup()


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
