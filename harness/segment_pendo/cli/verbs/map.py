"""`map`: calls or SDK requests in, one row for each call out. Imports neither mitmproxy nor aiohttp."""

import sys

import click

from segment_pendo.cli.calls_input import Inputs, input_options
from segment_pendo.explain import rows

__all__ = ["command"]


@click.command()
@input_options
def command(inputs: Inputs) -> None:
    """Turn the calls in FILE (or stdin) into webhooks, one JSON row for each call.

    FILE holds calls, captured requests or a recording: one JSON value a line, an array, or one indented
    value. A recording is mapped with the options it was recorded with, unless --track, --webhook or --assume
    is given. A row has line, index, type, user, group, outcome (webhook or skipped), code and reason, body,
    headers, findings; a value that is no call gives {"line", "error": {"code", "message"}}, and the end is 1.
    """
    for one in inputs:
        sys.stdout.write(rows.dumps(one.row()) + "\n")
    sys.stdout.flush()
    sys.exit(inputs.end())
