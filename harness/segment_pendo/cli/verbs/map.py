"""`map`: print a row for each call or SDK request. Imports neither mitmproxy nor aiohttp."""

import sys

import click

from segment_pendo.cli.inputs.calls import Inputs, input_options
from segment_pendo.explain import rows

__all__ = ["command"]


@click.command()
@input_options
def command(inputs: Inputs) -> None:
    """Turn the calls in FILE (or stdin) into webhooks, and print a JSON row for each call.

    FILE contains calls, captured requests or a recording: a JSON value on each line, an array, or a single
    indented value. A recording is mapped with the options it was recorded with, unless --track, --webhook or
    --assume is given.

    A row has line, index, type, user, group, outcome (webhook or skipped), code and reason, body, headers,
    findings. A value that is not a call gives {"line", "error": {"code", "message"}}, and the exit code is
    then 1.

    \b
    Examples:
      echo '{"type": "identify", "userId": "u-1"}' | segment-pendo map
      segment-pendo map calls.jsonl --track
      segment-pendo map calls.jsonl --destination destination.json
    """
    for item in inputs:
        sys.stdout.write(rows.dumps(item.row()) + "\n")
    sys.stdout.flush()
    sys.exit(inputs.end())
