"""The command that installs what the proxy needs, for each way in which an environment is made."""

import pytest

from segment_pendo.cli.proxy_extra import install


@pytest.mark.parametrize(
    ("python", "prefix", "has_pip", "command"),
    [
        ("/v/bin/python", "/v", True, "/v/bin/python -m pip install"),
        ("/v/bin/python", "/v", False, "uv pip install --python /v/bin/python"),
        ("/p/python", "/home/ann/.local/pipx/venvs/segment-pendo", False, "pipx inject segment-pendo"),
        ("C:/Program Files/python.exe", "C:/v", True, '"C:/Program Files/python.exe" -m pip install'),
    ],
)
def test_the_command_works_where_it_is_said(python: str, prefix: str, has_pip: bool, command: str) -> None:
    said = install(python, prefix, has_pip=has_pip)
    assert said.startswith(f'{command} "mitmproxy>=')
    assert said.endswith('"')
