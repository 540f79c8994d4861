"""The addon's options at mitmproxy, and the Plan that they ask for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mitmproxy import ctx, exceptions

from segment_pendo.base.switch import SwitchError
from segment_pendo.explain.doors import named
from segment_pendo.mapping.destination_file import DestinationError
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.pendo.regions import destination
from segment_pendo.recordings.destinations import load
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.environment import API_KEY, SIGNING_KEY, secret
from segment_pendo.serve.functions import FunctionFileError, NodeError, shared
from segment_pendo.serve.session import Plan

__all__ = ["OPTIONS", "SEGMENT", "asked_plan"]

SEGMENT: Final = ("answer", "pass")
# Name, type, default, help, choices.
OPTIONS: Final[tuple[tuple[str, Any, Any, str, Sequence[str] | None], ...]] = (
    (
        "segment_pendo_record",
        str,
        "",
        "Record Segment's calls, and the webhooks that they become, in this file.",
        None,
    ),
    (
        "segment_pendo_to",
        str,
        "",
        (
            "Forward the webhooks to Pendo: us, eu, us1, jp, au, or the base URL of a data host. The API key "
            f"is read from {API_KEY}."
        ),
        None,
    ),
    (
        "segment_pendo_track",
        bool,
        False,
        "Send track calls too; Pendo needs a setting for them.",
        None,
    ),
    (
        "segment_pendo_segment",
        str,
        "answer",
        (
            "answer: Segment's requests are answered here, and Segment is not dialled. pass: they go on to "
            "Segment as well."
        ),
        SEGMENT,
    ),
    (
        "segment_pendo_webhook",
        str,
        "actions",
        "Which of Segment's two webhook destinations: Webhooks (Actions) or the classic Webhooks.",
        list(KINDS),
    ),
    (
        "segment_pendo_assume",
        Sequence[str],
        [],
        "NAME=VALUE: choose another reading of a rule that no source settles.",
        None,
    ),
    (
        "segment_pendo_destination",
        str,
        "",
        "How the destination is set up in production: a file such as `segment-pendo init` writes.",
        None,
    ),
    (
        "segment_pendo_hosts",
        Sequence[str],
        [],
        "More hosts that stand for Segment, such as a custom domain.",
        None,
    ),
    (
        "segment_pendo_comments",
        bool,
        True,
        "Write what became of Segment's calls on their flows, as the comment and the marker.",
        None,
    ),
    (
        "segment_pendo_cdn_settings",
        str,
        "",
        (
            "Answer browsers and mobile SDKs with the settings of your production, saved in this file from "
            "https://cdn.segment.com/v1/projects/KEY/settings. fetch: ask the real CDN each time."
        ),
        None,
    ),
)


def _setup() -> Setup:
    """Return the Setup that mitmproxy's options ask for. Raises OptionsError."""
    options = ctx.options
    file = options.segment_pendo_destination
    try:
        loaded = load(Path(file).expanduser()) if file else None
        function = shared(loaded.function) if loaded and loaded.function else None
        if function is not None:
            function.check()
        return Setup.of(
            track=options.segment_pendo_track,
            webhook=options.segment_pendo_webhook,
            assume=options.segment_pendo_assume,
            secret=secret(SIGNING_KEY),
            destination=loaded.file if loaded else None,
            plan=loaded.plan if loaded else None,
            function=function,
        )
    except (DestinationError, FunctionFileError, NodeError) as error:
        msg = f"segment_pendo_destination: {error}"
        raise exceptions.OptionsError(msg) from None
    except SwitchError as error:
        msg = f"segment_pendo_assume: {error}"
        raise exceptions.OptionsError(msg) from None
    except SetupError as error:
        msg = f"{named(error.of, 'mitmdump')}: {error}"
        raise exceptions.OptionsError(msg) from None


def asked_plan() -> Plan:
    """Return the Plan that mitmproxy's options ask for. Raises OptionsError."""
    setup = _setup()
    key, to, record = secret(API_KEY), ctx.options.segment_pendo_to, ctx.options.segment_pendo_record
    if to and not key:
        msg = f"segment_pendo_to needs Pendo's API key in the environment variable {API_KEY}."
        raise exceptions.OptionsError(msg)
    try:
        return Plan(
            port=None,
            to=destination(to, key) if to else None,
            setup=setup,
            cdn_settings=ctx.options.segment_pendo_cdn_settings,
            record=Path(record).expanduser() if record else None,
            secrets=tuple(filter(None, (key, setup.secret))),
        )
    except ValueError as error:
        msg = f"segment_pendo_to: {error}."
        raise exceptions.OptionsError(msg) from None
