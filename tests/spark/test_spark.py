"""docs/archives.md on Spark in local mode: it comes to what a process pool does. Needs Java and pyspark."""

import os
import subprocess
import sys
from pathlib import Path

import archives
from pages import blocks, unpack


def said(script: str, directory: Path) -> str:
    spark = {
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(directory),
    }
    done = subprocess.run(
        [sys.executable, script],
        cwd=directory,
        env=os.environ | spark,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_spark_comes_to_what_a_pool_does(tmp_path: Path) -> None:
    archives.write(tmp_path / "logs", 600, people=40, parts=12)
    unpack(blocks("docs/archives.md"), tmp_path)
    alone = said("fold.py", tmp_path)
    assert alone.startswith("visitors: 40 ")
    assert said("on_spark.py", tmp_path) == alone
