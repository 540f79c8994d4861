"""Make fixtures/oracles/ again: what Segment's published code did with 2,000 events and 60 batches. `uv run python tests/make_oracles.py`

It needs Node and the packages of tests/oracles (`npm ci --ignore-scripts` there). With the kept answers, `uv run pytest` proves the same
bytes without them.
"""

import json
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, settings
from make_fixtures import RECEIVED, SDK, captured
from segment_oracle import KEPT, Case, SegmentOracle
from strategies import event_texts

from segment_pendo.mapping import Setup, assess
from segment_pendo.words import Webhook

COUNT = 2000
BATCHES = 60
LONGEST = 1500
FROM_SDKS = 200
SECRETS = ("", "s3cret", "é😀")


def from_sdks() -> Iterator[str]:
    """Messages of the captured requests, as their bytes stand before any JavaScript has read them."""
    for path in sorted(SDK.glob("*.jsonl")):
        for line, _, request in captured(path):
            receipt = assess(request, id=str(line), at=RECEIVED, setup=Setup(track=True))
            for judged in receipt.judged:
                if isinstance(judged.outcome, Webhook) and len(judged.outcome.body) < LONGEST:
                    yield judged.outcome.body.decode()


def generated(count: int) -> list[str]:
    """Different texts of odd events."""
    texts: dict[str, None] = {}

    @settings(
        max_examples=2 * count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(event_texts())
    def collect(text: str) -> None:
        if len(text) < LONGEST:
            texts[text] = None

    collect()
    assert len(texts) >= count, len(texts)
    return list(texts)[:: len(texts) // count][:count]  # neighbours are much alike


def events() -> list[str]:
    found = list(dict.fromkeys(from_sdks()))
    some = found[:: max(1, len(found) // FROM_SDKS)][:FROM_SDKS]
    return some + generated(COUNT - len(some))


if __name__ == "__main__":
    texts = events()
    KEPT.parent.mkdir(exist_ok=True)
    cases = [Case("event", [text], SECRETS[number % len(SECRETS)]) for number, text in enumerate(texts)]
    cases += [Case("batch", texts[number * 3 : number * 3 + 1 + number % 3], SECRETS[number % len(SECRETS)]) for number in range(BATCHES)]
    with SegmentOracle() as segment, KEPT.open("w", encoding="ascii", newline="\n") as file:
        for case, answer in zip(cases, segment.ask(cases), strict=True):
            headers = dict(zip(answer["headers"][::2], answer["headers"][1::2], strict=True))
            row = {"kind": case.kind, "events": case.texts, "secret": case.secret}
            file.write(json.dumps({**row, "body": answer["body"], "signature": headers.get("x-signature")}) + "\n")
