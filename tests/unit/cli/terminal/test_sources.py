"""Apps that usually stand beside each other have different colours."""

import pytest

from segment_pendo.cli.terminal.sources import coloured


@pytest.mark.parametrize(
    "names",
    [("web", "api", "worker", "mobile", "admin", "app"), ("frontend", "backend"), ("ios", "android", "web")],
)
def test_usual_neighbours_differ(names: tuple[str, ...]) -> None:
    assert len({coloured(name, "x") for name in names}) == len(names)
    assert coloured(names[0], "x") == coloured(names[0], "x")
