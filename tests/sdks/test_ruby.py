"""Ruby of Debian's packages, which knows only http_proxy and SSL_CERT_FILE, through the proxy and at the TLS
door.
"""

import os
import shutil
import subprocess
from pathlib import Path

from package_folders import folder
from processes import Start, all_arrived, under

HERE = folder("sdks")


def ruby() -> str:
    program = shutil.which("ruby")
    assert program, "ruby is not installed"
    return program


def test_under_run_an_app_stays_as_it_is(tmp_path: Path) -> None:
    done, calls = under(tmp_path, ruby(), str(HERE / "app.rb"))
    assert done.returncode == 0, done.stderr
    assert len(calls) == 102
    assert "102 calls: 102 arrive whole" in done.stderr


def test_at_the_tls_door(run: Start) -> None:
    running = run("--no-proxy", "--tls-port", "0")
    port = running.doors["tls"].rpartition(":")[2]
    environment = os.environ | {"SSL_CERT_FILE": running.doors["ca"]}
    done = subprocess.run(
        [ruby(), str(HERE / "app.rb"), "localhost", port],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)
