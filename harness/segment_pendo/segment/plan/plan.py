"""A tracking plan: what Segment's Protocols makes of a call, before any destination sees it (D-1).

Track calls are judged by the rule of their event (D-100), of the version that they name (D-101); page and
screen calls by their own, else by that of Page Viewed and Screen Viewed; each call by the rule for all
(D-103).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import plain, short
from segment_pendo.base.suggestion import nearest
from segment_pendo.segment.plan import controls as schema_controls
from segment_pendo.segment.plan import rule as plan_rule
from segment_pendo.segment.plan.codes import BLOCKED, note
from segment_pendo.segment.plan.controls import ALLOWED, Controls
from segment_pendo.segment.plan.error import PlanError, wrong
from segment_pendo.segment.plan.judge import Wrong
from segment_pendo.segment.plan.omission import aim, told, without
from segment_pendo.segment.plan.rule import COMMON, Rule, members_of
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["Blocked", "Passed", "Plan", "PlanError", "read"]

type Path = tuple[str | int, ...]

_LONGEST_PATH: Final = 80
_VIEWED: Final = {"page": "Page Viewed", "screen": "Screen Viewed"}
# By these, an object that is no list of rules is known to be a JSON Schema.
_KEYWORDS: Final = frozenset(
    {"$schema", "type", "properties", "required", "allOf", "anyOf", "oneOf", "if", "not", "$ref",
     "propertyNames", "patternProperties", "additionalProperties", "dependencies"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passed:
    """A call that goes on: as it was, or without what was `omitted`; its context.protocols tells of both."""

    data: JsonObject
    violations: tuple[Finding, ...] = ()
    omitted: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A call that goes nowhere, and why; `violations` are all the findings."""

    code: str
    reason: str
    violations: tuple[Finding, ...] = ()


class Plan:
    """A tracking plan and the schema controls of its source."""

    def __init__(self, rules: Sequence[Rule], controls: Mapping[str, Controls]) -> None:
        self.rules = tuple(rules)
        self._controls = controls
        self._commons = [rule for rule in rules if rule.kind == COMMON]
        self._by_name: dict[tuple[str, str], dict[float, Rule]] = {}
        for rule in rules:
            self._by_name.setdefault((rule.kind, rule.key), {})[rule.version] = rule
        self._has_events = any(rule.kind == "TRACK" for rule in rules)

    def judged(self, data: JsonObject) -> Passed | Blocked:
        """Return what becomes of a call, as it is after ingest."""
        kind = data.get("type")
        kind = kind if isinstance(kind, str) else ""
        controls = self._controls.get(kind, ALLOWED)
        rule = self._rule(kind, data)
        own = rule.judge.wrong(data) if rule else []
        common = [(one, by) for by in self._commons for one in by.judge.wrong(data)]
        findings = [
            *self._unplanned_event(kind, rule, data),
            *(_violation(one, rule) for one in own if rule),
            *(_violation(one, by) for one, by in common),
        ]
        reason = self._why_blocked(kind, controls, rule, own, [one for one, _ in common])
        if reason:
            return Blocked(BLOCKED, reason, tuple(findings))
        unplanned = [] if controls.unplanned_members else list(self._unplanned(kind, rule, data))
        violating = _violating(controls, own, [one for one, _ in common], unplanned)
        omitted = [*unplanned, *violating]
        made = without(data, omitted) if omitted else data
        made = told(made, [*own, *(one for one, _ in common)], unplanned, violating)
        findings += [_omission(path, planned=path in violating) for path in omitted]
        return Passed(made, tuple(findings), tuple(omitted))

    def _rule(self, kind: str, data: JsonObject) -> Rule | None:
        if kind == "track":
            return _of_version(self._named("TRACK", data.get("event")), data)
        if kind in _VIEWED:
            own = self._named(kind.upper(), data.get("name")) or self._named(kind.upper(), "")
            return _of_version(own or self._named("TRACK", _VIEWED[kind]), data)
        if kind not in {"identify", "group"}:
            return None
        of_kind = [one for one in self.rules if one.kind == kind.upper()]
        return min(of_kind, key=lambda one: one.version, default=None)

    def _named(self, kind: str, name: Json) -> dict[float, Rule]:
        return self._by_name.get((kind, name), {}) if isinstance(name, str) else {}

    def _unplanned_event(self, kind: str, rule: Rule | None, data: JsonObject) -> Iterator[Finding]:
        if kind != "track" or rule is not None or not self._has_events:
            return
        event = data.get("event")
        names = [key for of, key in self._by_name if of == "TRACK"]
        near = nearest(event, names) if isinstance(event, str) else None
        hint = f'; did you mean "{plain(near)}"?' if near else "."
        yield note("PLAN_UNPLANNED_EVENT", "$.event", f'The plan has no event "{plain(event)}"{hint}')

    def _why_blocked(
        self, kind: str, controls: Controls, rule: Rule | None, own: list[Wrong], common: list[Wrong]
    ) -> str:
        """Return why the call is blocked, or '' where it goes on (D-102)."""
        if kind == "track" and rule is None and not controls.unplanned:
            return "the tracking plan has no such event, and track.allowUnplannedEvents is false."
        if own and not controls.violating:
            return f"{_told(own[0])}, and {kind}.allowEventOnViolations is false."
        if common and controls.common == "BLOCK":
            return f"{_told(common[0])}, and {kind}.commonEventOnViolations is BLOCK."
        return ""

    def _unplanned(self, kind: str, rule: Rule | None, data: JsonObject) -> Iterator[Path]:
        """Yield the properties or traits whose names the plan does not have (D-104).

        Those of an event that is not planned stay: Segment tells of none.
        """
        members = members_of(kind)
        held = data.get(members)
        if not isinstance(held, dict) or (rule is None and kind == "track"):
            return
        for name in held:
            if rule is None or not rule.is_planned(name):
                yield (members, name)


def _of_version(rules: dict[float, Rule], data: JsonObject) -> Rule | None:
    """Return the rule of the version that a call names, else the oldest (D-101)."""
    context = data.get("context")
    protocols = context.get("protocols") if isinstance(context, dict) else None
    version = protocols.get("event_version") if isinstance(protocols, dict) else None
    if is_number(version) and version in rules:
        return rules[version]
    return rules[min(rules)] if rules else None


def _violating(
    controls: Controls, own: list[Wrong], common: list[Wrong], unplanned: list[Path]
) -> list[Path]:
    """Return what goes because it does not fit, each once, and not what goes anyhow."""
    wrongs = [*(() if controls.violating_members else own), *(common if controls.common == "OMIT" else ())]
    aims = dict.fromkeys(path for path in map(aim, wrongs) if path is not None)
    return [path for path in aims if not any(path[: len(gone)] == gone for gone in unplanned)]


# --- findings ---


def _told(one: Wrong) -> str:
    return f"{short(json_path(*one.path), _LONGEST_PATH)} {one.says}"


def _violation(one: Wrong, rule: Rule) -> Finding:
    text = f"{_told(one)}, by {rule.name}."
    return note("PLAN_VIOLATION", json_path(*one.path), text)


def _omission(path: Path, *, planned: bool) -> Finding:
    why = "it does not fit the plan" if planned else "the plan does not have it"
    text = f"{short(json_path(*path), _LONGEST_PATH)} is taken out, as {why}."
    return note("PLAN_OMITTED", json_path(*path), text)


# --- reading ---


def read(value: Json) -> Plan:
    """Read a plan: Segment's list of rules, or one JSON Schema for all calls; with it, "enforce".

    Raises PlanError.
    """
    path: Path = ()
    if isinstance(value, dict) and isinstance(value.get("data"), dict) and "rules" not in value:
        value, path = value["data"], ("data",)  # an answer of the Public API
    if isinstance(value, list):
        value, rules_path = {"rules": value}, path
    else:
        rules_path = (*path, "rules")
    if not isinstance(value, dict):
        raise wrong(path, "an object with rules, or a JSON Schema, is expected.")
    _check_depth(value)
    _check_names(value, path)
    controls = schema_controls.read(value["enforce"], (*path, "enforce")) if "enforce" in value else {}
    if "rules" in value:
        _check_whole(value, path)
        return Plan(plan_rule.read(value["rules"], rules_path), controls)
    schema: JsonObject = {name: one for name, one in value.items() if name != "enforce"}
    if not _KEYWORDS & schema.keys():
        raise wrong(path, "there are neither rules nor a JSON Schema; give one of them.")
    return Plan([plan_rule.rule(COMMON, "", 1, schema, path)], controls)


def _check_names(value: JsonObject, path: Path) -> None:
    for name in value:
        near = nearest(name, ("rules", "enforce"), 0.8)
        if near and name not in {"rules", "enforce"}:
            raise wrong((*path, name), f"did you mean {near}?")


def _check_whole(value: JsonObject, path: Path) -> None:
    pagination = value.get("pagination")
    if isinstance(pagination, dict) and pagination.get("next"):
        raise wrong((*path, "pagination"), "these are not all of the rules; ask Segment for the next ones.")


def _check_depth(value: Json) -> None:
    try:
        js_json.check_depth(value)
    except RecursionError as error:
        raise wrong((), f"the plan is {error}; make it simpler.") from None
