"""The container image, its steps carried out without a builder: in a folder, as this user."""

import json
import os
import signal
import subprocess
from io import BytesIO
from pathlib import Path

import yaml
from addresses import other_address
from dockerfile_parse import DockerfileParser
from processes import env_for, free_port, until

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "container"


def steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(fileobj=BytesIO((FOLDER / "Containerfile").read_bytes()))
    return [(step["instruction"], step["value"]) for step in parser.structure]


def values(name: str) -> list[str]:
    return [value for instruction, value in steps() if instruction == name]


def test_its_steps_make_a_program_that_answers_and_is_healthy(tmp_path: Path) -> None:
    source, venv, state, port = tmp_path / "src", tmp_path / "venv", tmp_path / "state", str(free_port())

    def here(text: str) -> str:
        for place, ours in (("/src", source), ("/opt/segment-pendo", venv), ("/state", state)):
            text = text.replace(place, str(ours))
        return text.replace("4170", port)

    source.mkdir()
    for copied in values("COPY"):
        *names, target = here(copied).split()
        subprocess.run(["cp", "-r", *[ROOT / name for name in names], target], check=True)
    install, user = values("RUN")
    assert f"useradd --system --uid 10001 --home-dir /state {values('USER')[0]}" in user
    subprocess.run(["bash", "-c", here(install)], check=True, stdout=subprocess.DEVNULL)

    env = env_for(tmp_path) | {"SEGMENT_PENDO_RUN_PORT": port, "SEGMENT_PENDO_RUN_PROXY_PORT": "0"}
    for pair in values("ENV")[0].split():
        name, _, value = here(pair).partition("=")
        env[name] = value.replace("$PATH", os.environ["PATH"])
    command = [*json.loads(values("ENTRYPOINT")[0]), *json.loads(values("CMD")[0])]
    (check,) = values("HEALTHCHECK")
    healthy = json.loads(here(check[check.index("[") :]))

    def status(line: list[str]) -> int:
        return subprocess.run(line, env=env, capture_output=True, timeout=60).returncode

    assert status(healthy) != 0
    program = venv / "bin" / command[0]
    with subprocess.Popen([program, *command[1:]], env=env, stdin=-3, stdout=-3, stderr=-3) as process:
        try:
            until(lambda: status(healthy) == 0)
            app = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["app"]["command"]
            address = other_address()
            # What another container asks, by the name that Compose gives to this one.
            asks = ["curl", "--silent", "--resolve", f"segment-pendo:{port}:{address}"]
            assert status([*asks, *map(here, app)]) == 0
            assert status([*asks, "--fail", f"http://segment-pendo:{port}/_/calls"]) == 22, "it has no token"
            token = (state / "segment-pendo" / "token").read_text().strip()
            (app_call,) = json.loads(
                subprocess.check_output(
                    [*asks, "-H", f"Authorization: Bearer {token}", f"http://segment-pendo:{port}/_/calls"],
                    env=env,
                )
            )["calls"]
            assert (app_call["user"], app_call["outcome"]) == ("ann", "webhook")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
