"""The wheel in a fresh virtual environment, without and with the extra."""

import json
import subprocess
import zipfile
from pathlib import Path

from processes import env_for, get, installed, until

ROOT = Path(__file__).parents[2]


def ran(*line: str | Path, env: dict[str, str], data: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, env=env, input=data, capture_output=True, text=True, timeout=60)


def test_what_the_wheel_holds(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "serve/api/page/page.html",
        "serve/api/page/page.js",
        "serve/api/page/icon.svg",
        "serve/api/page/page.css",
        "serve/api/page/sdks.json",
        "cli/agents/SKILL.md",
        "cli/agents/llms.txt",
        "serve/launching/node/bun_preload.cjs",
        "serve/launching/node/preload.cjs",
        "serve/launching/python/segment_pendo_hook.py",
        "serve/launching/python/sitecustomize.py",
        "py.typed",
    ):
        assert f"segment_pendo/{name}" in names
    assert "segment_pendo_addons/intercept.py" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "segment_pendo",
        "segment_pendo_addons",
    }


def test_without_the_extra(wheel: Path, tmp_path: Path) -> None:
    program = installed(tmp_path / "venv", str(wheel))
    env = env_for(tmp_path)
    assert (
        json.loads(ran(program, "map", env=env, data='{"type":"identify","userId":"u"}').stdout)["outcome"]
        == "webhook"
    )
    refused = ran(program, "run", "--port", "0", "--", "true", env=env)
    advice = f'uv pip install --python {program.parent / "python"} "mitmproxy>='
    assert (refused.returncode, advice in refused.stderr) == (4, True), refused.stderr
    assert advice in ran(program, "ca", "path", env=env).stderr
    for verb in ("--help", "addon", "completion bash", "--version"):
        assert ran(program, *verb.split(), env=env).returncode == 0

    ready = tmp_path / "ready"
    process = subprocess.Popen(
        [program, "run", "--port", "0", "--ready-file", str(ready)], env=env, stdout=-3, stderr=-3
    )
    with process:
        home = json.loads(until(lambda: ready.read_text() if ready.exists() else None))["home"]
        assert (
            ran(program, "send", "identify", "u-1", "--trait", "plan=pro", "--url", home, env=env).returncode
            == 0
        )
        assert get(f"{home}/_/wait?timeout=10")[0] == 200
        assert get(f"{home}/api/v1/visitor/u-1")[1]["metadata"]["segmentio"] == {"plan": "pro"}
        process.terminate()
        assert process.wait(20) == 0


def test_the_loopback_pendo_alone(wheel: Path, tmp_path: Path) -> None:
    program = installed(tmp_path / "venv", str(wheel))
    env = env_for(tmp_path)
    process = subprocess.Popen([program, "pendo", "--port", "0"], env=env, stdout=-1, stderr=-1, text=True)
    with process:
        assert process.stderr is not None
        assert process.stdout is not None
        url = process.stderr.readline().split()[1].removesuffix("/data/segmentio/KEY")
        recording = ROOT / "fixtures" / "recordings" / "segment-analytics-python.jsonl"
        done = ran(program, "replay", str(recording), "--to", url, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert get(f"{url}/api/v1/visitor/97980cfea0067")[1]["metadata"]["segmentio"]["plan"] == "premium"
        assert get(f"{url}/v1/batch", "POST")[0] == 404
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout.read().startswith(
            "identify 97980cfea0067: delivered as visitor 97980cfea0067; 4 of 5 traits become metadata; "
        )


def test_with_the_extra_everything_works(wheel: Path, tmp_path: Path) -> None:
    program = installed(tmp_path / "venv", f"segment-pendo[proxy] @ {wheel.as_uri()}")
    env = env_for(tmp_path)
    done = ran(program, "demo", "--once", env=env)
    assert done.returncode == 0, done.stderr
    certificate = Path(ran(program, "ca", "path", env=env).stdout.strip())
    assert certificate.read_text() == ran(program, "ca", "print", env=env).stdout
    assert certificate.parent.stat().st_mode & 0o077 == 0
    assert ran(program, "ca", "remove", env=env).returncode == 0
    assert list(certificate.parent.glob("mitmproxy-*")) == []
