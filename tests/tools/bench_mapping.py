"""How long mapping takes here, as a ratio to another checkout: the same bytes, rounds in turn, CPU time.

    uv run python tests/tools/bench_mapping.py OTHER_CHECKOUT

Prints the median of the rounds' ratios for `assess` alone and with what earlier calls say; below 1 is faster.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

ROUNDS = 7
# Run in both checkouts: it may only use what both have.
MEASURE = """
import json, sys, time
from datetime import UTC, datetime
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import SdkRequest
json_type = (("Content-Type", "application/json"),)
request = SdkRequest("POST", "/v1/batch", "", json_type, sys.stdin.buffer.read())
at, setup = datetime(2024, 5, 9, 10, tzinfo=UTC), Setup()
earlier = EarlierCalls(setup)
alone = lambda: assess(request, id="x", at=at, setup=setup)
def seconds(work):
    for _ in range(30): work()
    start = time.process_time()
    for _ in range(300): work()
    return time.process_time() - start
print(json.dumps([seconds(alone), seconds(lambda: earlier.annotated(alone()))]))
"""


def batch() -> bytes:
    """A batch of 24 calls as a server's SDK sends it."""
    traits = {"name": "Peter Gibbons", "email": "peter@example.com", "plan": "premium", "logins": 5}
    events = [
        {
            "type": "identify" if number % 3 else "group",
            "userId": f"user-{number % 7}",
            "groupId": f"group-{number % 3}",
            "messageId": f"message-{number}",
            "timestamp": "2024-05-09T10:00:00.000Z",
            "context": {"library": {"name": "analytics-python", "version": "2.3.4"}},
            "traits": traits | {"address": {"city": "Houston"}, "createdAt": "2024-05-09T10:00:00.000Z"},
        }
        for number in range(24)
    ]
    return json.dumps({"batch": events, "sentAt": "2024-05-09T10:00:01.000Z"}).encode()


def measured(checkout: Path, body: bytes) -> list[float]:
    """CPU seconds of 300 batches, alone and with earlier calls."""
    code = f"import sys; sys.path.insert(0, {str(checkout / 'harness')!r})\n{MEASURE}"
    done = subprocess.run([sys.executable, "-c", code], input=body, capture_output=True, check=True)
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def main() -> None:
    here, other = Path(__file__).parents[2], Path(sys.argv[1])
    body = batch()
    rounds = [(measured(here, body), measured(other, body)) for _ in range(ROUNDS)]
    for name, index in (("assess", 0), ("with earlier calls", 1)):
        ratio = median(ours[index] / theirs[index] for ours, theirs in rounds)
        sys.stdout.write(f"{name}: {ratio:.2f}\n")


if __name__ == "__main__":
    main()
