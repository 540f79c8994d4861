"""Segment's SDKs: how each is pointed at a home port, and by which package it is known in a project."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Sdk", "sdks"]

_TLS = "https://127.0.0.1:4172"


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK, or another way to send a call.

    `packages`: for each file of a project (a glob pattern), the packages by which the SDK is known there.
    `snippet`: lines in which {{origin}} and the like stand for addresses.
    """

    name: str
    note: str
    snippet: list[str]
    packages: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def insists_on_tls(self) -> bool:
        """Whether it takes no plain http address."""
        return "{{needs_tls}}" in self.note

    def pointing(self, home: str) -> list[str]:
        """Return the whole statements that name an address, as lines, for the home port at this URL."""
        statements: list[list[tuple[str, str]]] = []
        for line, filled in zip(self.snippet, self.filled(home), strict=True):
            if not statements or _begins(line):
                statements.append([])
            statements[-1].append((line, filled))
        pointing = [lines for lines in statements if any("{{" in line for line, _ in lines)]
        return [filled for lines in pointing for _, filled in lines]

    def filled(self, home: str) -> list[str]:
        """Return the lines of the snippet for the home port at this URL."""
        values = _values(home)
        return [re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], line) for line in self.snippet]


def sdks() -> list[Sdk]:
    """Return every SDK in the order of the page, which reads the same file."""
    text = resources.files("segment_pendo.serve.api").joinpath("page", "sdks.json").read_text("utf-8")
    read: list[dict[str, Any]] = json.loads(text)
    return [Sdk(**sdk) for sdk in read]


def _begins(line: str) -> bool:
    """Whether a line of a snippet begins a statement, and does not go on with one: by its first character."""
    return line[:1] not in {" ", "\t", ")", "}", "]"}


def _values(home: str) -> dict[str, str]:
    at, secure = urlsplit(home), urlsplit(_TLS)
    return {
        "origin": home,
        "host": at.hostname or "",
        "port": str(at.port),
        "secure": secure.netloc,
        "secure_host": secure.hostname or "",
        "secure_port": str(secure.port),
        "ca": "$(segment-pendo ca path)",
    }
