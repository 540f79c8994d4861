"""The schema controls of a source: what Protocols does with calls that a plan does not expect (D-102).

The words are those of the Public API's source settings; Terraform spells them with underscores (D-4).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from segment_pendo.base.suggestion import as_sentence, unknown
from segment_pendo.segment.plan.error import wrong
from segment_pendo.words import Json, JsonObject

__all__ = ["ALLOWED", "Controls", "read"]

type Common = Literal["ALLOW", "BLOCK", "OMIT"]

_BOOLEANS: Final = {
    "track": {
        "allowUnplannedEvents": "unplanned",
        "allowUnplannedEventProperties": "unplanned_members",
        "allowEventOnViolations": "violating",
        "allowPropertiesOnViolations": "violating_members",
    },
    "identify": {"allowUnplannedTraits": "unplanned_members", "allowTraitsOnViolations": "violating_members"},
    "group": {"allowUnplannedTraits": "unplanned_members", "allowTraitsOnViolations": "violating_members"},
}
_COMMON: Final = "commonEventOnViolations"
_COMMON_WORDS: Final[Mapping[str, Common]] = {
    "ALLOW": "ALLOW",
    "BLOCK": "BLOCK",
    "OMIT_PROPERTIES": "OMIT",
    "OMIT_TRAITS": "OMIT",
}
# Members of the Public API's settings that say where copies go.
_FORWARDING: Final = ("forwardingBlockedEventsTo", "forwardingViolationsTo")


@dataclass(frozen=True, slots=True)
class Controls:
    """What is allowed for one type of call; `..._members` are properties or traits.

    `common` is what becomes of a call that violates the rule for all calls.
    """

    unplanned: bool = True
    unplanned_members: bool = True
    violating: bool = True
    violating_members: bool = True
    common: Common = "ALLOW"


ALLOWED: Final = Controls()


def read(value: Json, path: tuple[str | int, ...]) -> dict[str, Controls]:
    """Return the controls for each type of call that has some. Raises PlanError."""
    settings = _object(value, path, (*_BOOLEANS, *_FORWARDING))
    return {
        kind: _controls(kind, settings[kind], (*path, kind))
        for kind in _BOOLEANS
        if settings.get(kind) is not None
    }


def _object(value: Json, path: tuple[str | int, ...], names: tuple[str, ...]) -> JsonObject:
    if not isinstance(value, dict):
        raise wrong(path, f"an object with some of {', '.join(names)} is expected.")
    spelled = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): one for name, one in value.items()}
    mistake = unknown(spelled, names, "there is no setting")
    if mistake:
        raise wrong(path, as_sentence(mistake))
    return spelled


def _controls(kind: str, value: Json, path: tuple[str | int, ...]) -> Controls:
    settings = _object(value, path, (*_BOOLEANS[kind], _COMMON))
    given: dict[str, bool] = {}
    for name, one in settings.items():
        if name == _COMMON or one is None:
            continue
        if not isinstance(one, bool):
            raise wrong((*path, name), "true or false is expected.")
        given[_BOOLEANS[kind][name]] = one
    return Controls(**given, common=_common(kind, settings.get(_COMMON), (*path, _COMMON)))


def _common(kind: str, value: Json, path: tuple[str | int, ...]) -> Common:
    omit = "OMIT_PROPERTIES" if kind == "track" else "OMIT_TRAITS"
    if value is None:
        return "ALLOW"
    if not isinstance(value, str) or value not in {"ALLOW", "BLOCK", omit}:
        raise wrong(path, f"ALLOW, BLOCK or {omit} is expected.")
    return _COMMON_WORDS[value]
