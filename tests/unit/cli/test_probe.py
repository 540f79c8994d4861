"""`pendo probe`: whom it asks, what it refuses, how it waits, what its file holds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from background import background
from click.testing import CliRunner, Result

from segment_pendo.base.switch import changed
from segment_pendo.cli import main
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.cli.probing import Patience, new_probe, settled
from segment_pendo.pendo.probe.inference import predicted
from segment_pendo.pendo.probe.plan import MARK, MOST, Seen
from segment_pendo.pendo.switches import DEFAULT
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo

KEY = "0123abcd-0000-1111-2222-0123456789ab"
READ_KEY = "fedcba98-0000-1111-2222-0123456789ab"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def probe(*options: str, key: str = KEY, read_key: str = READ_KEY, ci: str = "") -> Result:
    environment = {"SEGMENT_PENDO_API_KEY": key, "SEGMENT_PENDO_INTEGRATION_KEY": read_key, "CI": ci}
    return CliRunner().invoke(main, ["pendo", "probe", "--wait", "10s", *options], env=environment)


@contextmanager
def served(*assume: str, **answers: Any) -> Iterator[tuple[str, LoopbackPendo]]:
    pendo = LoopbackPendo(answers=Answers(changed(DEFAULT, assume), **answers))
    with background(pendo.routes) as url:
        yield url, pendo


def written(folder: Path) -> tuple[Path, Any]:
    (file,) = folder.glob(f"{MARK}*.json")
    return file, json.loads(file.read_text("utf-8"))


def test_it_says_what_is_assumed_otherwise_and_writes_a_file(tmp_path: Path) -> None:
    with served("nested=underscore", "eventless=hidden", key=KEY, integration_key=READ_KEY) as (url, pendo):
        done = probe("--to", url)
    assert done.exit_code == 0, done.output
    assert "\n  --assume nested=underscore --assume eventless=hidden\n" in done.stdout
    assert '\n  "assume": {"nested":"underscore","eventless":"hidden"}\n' in done.stdout
    assert (pendo.posted, pendo.took) == (MOST - 3, MOST - 4), "an array, PUT and PATCH; one too large"
    file, result = written(tmp_path)
    assert result["assume"] == ["nested=underscore", "eventless=hidden"]
    assert (result["to"], file.stem) == ("loopback", result["probe"])
    for secret in (KEY, READ_KEY, "127.0.0.1"):
        assert secret not in file.read_text("utf-8")
        assert secret == "127.0.0.1" or secret not in done.output


def test_nothing_different_is_said_too() -> None:
    with served() as (url, _):
        assert (
            "Nothing that was found differs from what is assumed by default.\n" in probe("--to", url).stdout
        )
    with served(track=False) as (url, _):
        assert "does not take them. To say so: --no-pendo-track\n" in probe("--to", url).stdout


def test_as_json_it_prints_the_file(tmp_path: Path) -> None:
    with served() as (url, _):
        done = probe("--to", url, "--format", "json", "--output", "mine.json")
    assert done.stdout == (tmp_path / "mine.json").read_text("utf-8")


def test_again_reads_once_more_and_sends_nothing(tmp_path: Path) -> None:
    with served("list=text") as (url, pendo):
        probe("--to", url)
        file, result = written(tmp_path)
        file.write_text(json.dumps(result | {"switches": {}, "track": None, "assume": []}), "utf-8")
        posted = pendo.posted
        done = probe("--to", url, "--again", file.name)
        assert (done.exit_code, pendo.posted) == (0, posted)
        assert written(tmp_path)[1] == result
        elsewhere = probe("--to", "us", "--again", file.name)
    assert (elsewhere.exit_code, "sent to loopback, not to us" in elsewhere.stderr) == (3, True)
    file.write_text("{}", "utf-8")
    assert probe("--to", url, "--again", file.name).exit_code == 3


@pytest.mark.parametrize(
    ("options", "environment", "code", "says"),
    [
        (["--to", "us"], {}, 7, "Nothing was sent: data.pendo.io is a real Pendo"),
        (["--to", "us", "--yes"], {"read_key": ""}, 3, "set SEGMENT_PENDO_INTEGRATION_KEY"),
        (["--to", "us", "--yes"], {"key": ""}, 3, "set SEGMENT_PENDO_API_KEY"),
        (["--to", "us", "--yes"], {"ci": "true"}, 7, "--allow-production"),
        ([], {}, 2, "--to is missing"),
        (["--to", "us", "--dry-run", "--yes"], {}, 2, "--dry-run sends nothing"),
        (["--to", "us", "--yes", "--output", "no/such.json"], {}, 4, "has no directory"),
    ],
)
def test_nothing_is_sent_where_something_is_missing(
    options: list[str], environment: Any, code: int, says: str, tmp_path: Path
) -> None:
    done = probe(*options, **environment)
    assert (done.exit_code, says in " ".join(done.stderr.split())) == (code, True), done.stderr
    assert [*tmp_path.iterdir()] == []
    assert KEY not in done.output


def test_a_dry_run_shows_every_event_and_needs_no_key(tmp_path: Path) -> None:
    done = probe("--to", "us", "--dry-run", key="", read_key="")
    assert done.exit_code == 0, done.output
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(len(row["body"]) if isinstance(row["body"], list) else 1 for row in shown) == MOST
    assert [*tmp_path.iterdir()] == []
    assert "Pendo keeps all of it" in done.stderr


def test_a_key_that_is_refused_ends_it_before_more_is_sent(tmp_path: Path) -> None:
    with served(key="another") as (url, pendo):
        done = probe("--to", url)
        assert (done.exit_code, pendo.took) == (5, 0)
        assert "answered 403; nothing else was sent" in done.stderr
    with served(integration_key="another") as (url, pendo):
        done = probe("--to", url)
        assert (done.exit_code, pendo.posted) == (3, 0)
        assert "refused the integration key" in done.stderr
    assert [*tmp_path.iterdir()] == []
    assert KEY not in done.output


def test_what_cannot_be_read_in_time_can_be_read_later(tmp_path: Path) -> None:
    async def taken(_request: web.Request) -> web.Response:
        return web.Response()

    with background(lambda: [web.route("*", "/data/segmentio/{key}", taken)]) as url:
        done = probe("--to", url, "--wait", "0")
    assert done.exit_code == 6
    file, result = written(tmp_path)
    assert f"--again {file.name}" in done.stderr
    assert (result["switches"], len(result["sent"])) == ({}, MOST - 1)


def test_an_event_without_an_answer_ends_with_5() -> None:
    pendo = LoopbackPendo()

    async def answer(request: web.Request) -> web.Response:
        if request.method == "PUT":
            return web.Response(status=501)
        return web.Response(status=pendo.receive(await request.read(), request.method))

    with background(lambda: [web.route("*", "/data/segmentio/{key}", answer), *pendo.routes()[1:]]) as url:
        done = probe("--to", url)
    assert done.exit_code == 5
    assert "event 11 was not taken" in " ".join(done.stdout.split())


# --- waiting ---


class Days:
    """A clock that only sleeping moves, and a Pendo of which a little more can be read each time."""

    def __init__(self, *looks: Seen | Failure) -> None:
        self.now, self._looks = 0.0, [*looks]

    def look(self) -> Seen:
        there = self._looks[0] if len(self._looks) == 1 else self._looks.pop(0)
        if isinstance(there, Failure):
            raise there
        return there

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def settled(self, most: float, settle: float) -> Seen | None:
        clock: Callable[[], float] = lambda: self.now  # noqa: E731 - as a test has it
        return settled(self.look, PROBE, Patience(most, settle), 10, clock=clock, sleep=self.sleep)


PROBE = new_probe()
WHOLE = predicted(PROBE, DEFAULT, track=True)
NOTHING = Seen(WHOLE.taken, {})
ACCOUNTS = Seen(WHOLE.taken, {key: value for key, value in WHOLE.records.items() if key[0] == "account"})


def test_it_reads_until_nothing_has_changed_for_a_while() -> None:
    days = Days(NOTHING, NOTHING, ACCOUNTS, ACCOUNTS, WHOLE)
    assert days.settled(600, 30) is WHOLE
    assert days.now == 70, "came after 40 s, and 30 s more"


def test_what_came_too_late_to_settle_counts_and_nothing_does_not() -> None:
    days = Days(NOTHING, ACCOUNTS)
    assert (days.settled(35, 60), days.now) == (ACCOUNTS, 35)
    days = Days(NOTHING)
    assert (days.settled(35, 0), days.now) == (None, 35)


def test_a_reading_that_fails_is_tried_again_but_not_a_key_that_is_refused() -> None:
    days = Days(Failure("429", CANNOT_START), WHOLE)
    assert (days.settled(60, 0), days.now) == (WHOLE, 10)
    with pytest.raises(Failure):
        Days(Failure("429", CANNOT_START)).settled(60, 0)
    days = Days(Failure("403", CONFIGURATION), WHOLE)
    with pytest.raises(Failure):
        days.settled(60, 0)
    assert days.now == 0
