"""`addon`: print where the mitmproxy addon is."""

from importlib.util import find_spec

import click

__all__ = ["command"]


@click.command()
def command() -> None:
    """Print the path of the mitmproxy addon, for `mitmdump -s`.

    \b
    Examples:
      mitmdump -s "$(segment-pendo addon)"
      mitmdump -s "$(segment-pendo addon)" --set segment_pendo_record=calls.jsonl
      mitmweb -s "$(segment-pendo addon)" --set segment_pendo_to=us
    """
    # The package itself imports nothing of mitmproxy, so this works without the extra.
    package = find_spec("segment_pendo_addons")
    assert package is not None
    assert package.submodule_search_locations is not None
    click.echo(f"{next(iter(package.submodule_search_locations))}/intercept.py")
