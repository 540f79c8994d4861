"""kill -9 at any moment, under load, with exact counts."""

from pathlib import Path

from tests.kills import CONCURRENCY, killed


def test_twenty_kills_lose_nothing_and_disorder_nothing(tmp_path: Path) -> None:
    report = killed(20, tmp_path)
    assert report.kills == 20
    assert len(report.acknowledged) > 500
    assert report.lost == set()
    assert report.disordered == []
    assert len(report.doubled) <= 20 * CONCURRENCY
