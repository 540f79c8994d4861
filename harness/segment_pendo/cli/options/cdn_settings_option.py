"""Say which settings browsers and phones get: by --cdn-settings, or by the settings of the project."""

import click

from segment_pendo.base.prose import printable
from segment_pendo.recordings.settings import settings
from segment_pendo.serve.cdn_settings import FETCH

__all__ = ["given", "said"]


def given(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    """Return the file that the option names, or FETCH, or the file that the project names, or ''."""
    return settings().cdn_settings if value is None else value


def said(cdn_settings: str) -> str:
    """Return a line that says where the settings of browsers come from; '' where they are our own."""
    if not cdn_settings:
        return ""
    if cdn_settings == FETCH:
        return "Settings of browsers are fetched from the real cdn.segment.com: it is told their write keys."
    return (
        f"Settings of browsers are those in {printable(cdn_settings)}; only where calls are sent is changed."
    )
