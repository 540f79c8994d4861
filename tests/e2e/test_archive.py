"""`archive` on every engine: one process, a pool, Dask here, Dask on a scheduler and workers of their own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import archives
from processes import env_for, free_port, until

PARTS = 12


def report(directory: Path, folder: Path, work: str, *options: str) -> tuple[str, int]:
    """The hash and the number of events that a process comes to."""
    line = [sys.executable, "-m", "segment_pendo", "archive", "report", str(folder), "--format", "json"]
    line += ["--work", str(directory / work), *options]
    done = subprocess.run(line, env=env_for(directory), capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return made["hash"], made["events"]


@contextmanager
def dask(directory: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask's own, as `dask scheduler` and `dask worker` start it."""
    line = [sys.executable, "-m", *words]
    child = subprocess.Popen(line, env=env_for(directory), cwd=directory, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.kill()
        child.wait(20)


def worker(address: str) -> list[str]:
    return ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]


def test_one_process_a_pool_and_dask_come_to_one_hash(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 600, people=40, parts=PARTS)
    alone = report(tmp_path, folder, "alone")
    assert alone[1] == 600
    assert report(tmp_path, folder, "pool", "--workers", "2") == alone
    assert report(tmp_path, folder, "dask", "--workers", "2", "--scheduler", "local") == alone


def test_a_worker_of_a_cluster_that_is_killed_costs_no_event(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 6000, people=40, parts=PARTS)
    alone = report(tmp_path, folder, "alone")
    port = free_port()
    address, work = f"tcp://127.0.0.1:{port}", tmp_path / "cluster"
    scheduler = [
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-dashboard",
    ]
    line = [sys.executable, "-m", "segment_pendo", "archive", "report", str(folder), "--format", "json"]
    line += ["--work", str(work), "--scheduler", address]
    with (
        dask(tmp_path, *scheduler),
        dask(tmp_path, *worker(address)) as killed,
        dask(tmp_path, *worker(address)),
    ):
        asked = subprocess.Popen(line, env=env_for(tmp_path), stdout=subprocess.PIPE)
        until(lambda: [*work.glob("parts/*.jsonl")] or asked.poll() is not None, 120)
        assert len([*work.glob("parts/*.jsonl")]) < PARTS, "it is in the middle"
        killed.kill()
        told, _ = asked.communicate(timeout=180)
    assert asked.returncode == 0
    made = json.loads(told)
    assert (made["hash"], made["events"]) == alone
