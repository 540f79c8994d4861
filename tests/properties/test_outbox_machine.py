"""The outbox, whatever happens in whatever order: what was accepted arrives, once its Pendo is well again."""

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import virtual_time
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivery import Delivery, How
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.pending import Pending
from segment_pendo.words import SdkRequest, Webhook

USERS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
DESTINATIONS = ("us", "eu")
# What a Pendo does with the next webhooks: None is no answer, after which it may have it or not.
MOODS = st.lists(st.sampled_from([200, 200, 503, 403, None]), max_size=6)


class Machine(RuleBasedStateMachine):
    """One store file, runs to two destinations, crashes."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._path = Path(self._directory.name) / "store.sqlite3"
        self._accepted: dict[str, dict[str, list[int]]] = {name: defaultdict(list) for name in DESTINATIONS}
        self._arrived: dict[str, dict[str, list[int]]] = {name: defaultdict(list) for name in DESTINATIONS}
        self._gone: set[int] = set()  # refused for good, or dropped
        self._count = 0
        self._store: Store | None = None

    def teardown(self) -> None:
        self._close()
        self._directory.cleanup()

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    @initialize(name=st.sampled_from(DESTINATIONS))
    def begin_the_first(self, name: str) -> None:
        self._open(name)

    @rule(name=st.sampled_from(DESTINATIONS))
    def begin(self, name: str) -> None:
        """End the run, as a crash does: nobody drains. The next one goes to this destination."""
        self._close()
        self._open(name)

    def _open(self, name: str) -> None:
        self._name = name
        self._store = Store(self._path, setup=Setup(), destination=name, fingerprint=name)
        self._store.outbox.resume()
        self._relay = Relay([self._store], setup=Setup(), writer=self._store.database)

    @rule(users=USERS)
    def accept(self, users: list[str]) -> None:
        calls: list[Any] = []
        for user in users:
            calls.append({"type": "identify", "userId": user, "traits": {"n": self._count}})
            self._accepted[self._name][user].append(self._count)
            self._count += 1
        self._relay.receive(SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode()))

    @rule(moods=MOODS, seconds=st.sampled_from([0.0, 0.2, 5.0]), window=st.sampled_from([0.0, 2.0]))
    def deliver(self, moods: list[int | None], seconds: float, window: float) -> None:
        self._run(list(moods), seconds, How(Schedule(window), concurrency=2))

    def _run(self, moods: list[int | None], seconds: float | None, how: How) -> None:
        """Deliver for so long; the Pendo is well again when its moods are over."""

        async def send(webhook: Webhook) -> Answer:
            event = json.loads(webhook.body)
            mood = moods.pop(0) if moods else 200
            if mood == 200 or mood is None:
                self._arrived[self._name][event["userId"]].append(event["traits"]["n"])
            return Answer(mood, "" if mood == 200 else "it failed")

        async def main() -> None:
            delivery = Delivery(
                self._name,
                lambda _client: send,
                self.store,
                lambda _ref, _attempt: None,
                how=how,
                clock=lambda: virtual_time.clock() + 2e9,  # after everything that was accepted
            )
            await delivery.start()
            await delivery.drain(seconds)
            await delivery.close()

        virtual_time.run(main())
        self._note_dead()

    def _note_dead(self) -> None:
        pending = Pending(self.store.database)
        for item in pending.items():
            kept = pending.kept(item.ref)
            assert kept is not None
            assert kept.judged.webhook is not None
            if kept.row["delivery"]["state"] == "dead":  # type: ignore[index, call-overload]
                self._gone.add(json.loads(kept.judged.webhook.body)["traits"]["n"])

    @rule(data=st.data())
    def retry_some(self, data: st.DataObject) -> None:
        pending = Pending(self.store.database)
        refs = [item.ref for item in pending.items()]
        chosen = data.draw(st.lists(st.sampled_from(refs), unique=True)) if refs else []
        assert pending.retry(chosen) == len(chosen)

    @rule(data=st.data())
    def drop_one(self, data: st.DataObject) -> None:
        pending = Pending(self.store.database)
        items = [item.ref for item in pending.items()]
        if items:
            ref = data.draw(st.sampled_from(items))
            kept = pending.kept(ref)
            assert kept is not None
            assert kept.judged.webhook is not None
            self._gone.add(json.loads(kept.judged.webhook.body)["traits"]["n"])
            assert pending.drop([ref]) == 1

    @invariant()
    def the_tables_agree(self) -> None:
        ask = self.store.database.execute
        wrong = ask(
            "select count(*) from receipts r where open <> (select count(*) from calls c where c.n = r.n and "
            "c.state is not null and c.state <> 'delivered')"
        )
        assert wrong.fetchone() == (0,)
        chains = {chain for (chain,) in ask("select chain from chains")}
        assert chains == {
            chain for (chain,) in ask("select distinct chain from calls where state = 'waiting'")
        }

    @invariant()
    def nothing_arrives_where_it_was_not_meant_for_or_out_of_order(self) -> None:
        for name in DESTINATIONS:
            for user, numbers in self._arrived[name].items():
                accepted = self._accepted[name][user]
                assert set(numbers) <= set(accepted)
                first = [number for number in dict.fromkeys(numbers) if number not in self._gone]
                assert first == sorted(first)

    @rule()
    def a_well_pendo_gets_all_that_waits(self) -> None:
        self._run([], None, How(Schedule(2.0)))
        assert self.store.outbox.left() == 0
        for user, numbers in self._accepted[self._name].items():
            expected = set(numbers) - self._gone
            assert expected <= set(self._arrived[self._name][user])


TestOutbox = Machine.TestCase
