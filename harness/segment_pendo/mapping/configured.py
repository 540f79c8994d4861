"""A destination file, made ready: triggers, mappings and filters are read once, then asked for each call."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import many, printable
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import Action, DestinationError, DestinationFile
from segment_pendo.segment.filters import filters
from segment_pendo.segment.filters.filters import ActionSpec, Filters, FilterSpec
from segment_pendo.segment.fql import trigger as fql
from segment_pendo.segment.fql.trigger import Trigger
from segment_pendo.segment.mapping_kit import mapping as kit
from segment_pendo.segment.mapping_kit.mapping import Mapping, MappingError
from segment_pendo.segment.plan import plan as plans
from segment_pendo.segment.plan.plan import Plan
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["Configured", "Selector", "configured"]


@dataclass(frozen=True, slots=True)
class Selector:
    """One mapping that is on: what it is called, which calls it selects, what it makes of them."""

    name: str
    trigger: Trigger
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Configured:
    """A destination that is ready to be asked.

    `selectors`: the mappings that are on, in order; empty for the classic destination, which has none.
    `planned`: the content of the tracking plan, from which `plan` is made.
    `findings`: what is worth knowing about the destination itself; their paths are paths of the file.
    """

    file: DestinationFile
    described: JsonObject
    selectors: tuple[Selector, ...]
    filters: Filters
    plan: Plan | None
    planned: Json
    findings: tuple[Finding, ...]

    @property
    def is_classic(self) -> bool:
        """Whether it is the classic Webhooks, which sends every call as it is."""
        return self.file.kind == "classic"

    @property
    def categories(self) -> tuple[str, ...]:
        """Return the consent categories that the destination is mapped to."""
        return tuple(self.file.consent or ())

    @property
    def summary(self) -> str:
        """Return in a few words what is set up."""
        file = self.file
        parts = [
            "off" if not file.enabled else "",
            "classic" if self.is_classic else many(len(self.selectors), "mapping"),
            many(len(file.filters), "filter") if file.filters else "",
            f"consent {', '.join(file.consent)}" if file.consent else "",
            f"plan {file.plan}" if file.plan else "",
            f"function {file.function}" if file.function else "",
        ]
        return printable(", ".join(filter(None, parts)))

    @property
    def sets_request(self) -> bool:
        """Whether a mapping sets headers or a method, so that not all webhooks have the same."""
        return any(selector.mapping.sets_request for selector in self.selectors)


def configured(
    file: DestinationFile,
    switches: Switches = DEFAULT,
    plan: Json = None,
    name: str = "the destination",
) -> Configured:
    """Make a destination ready. Raises DestinationError for a mapping that cannot be done, calling it `name`.

    `plan`: the content of its tracking plan; PlanError is raised for one that cannot be used.
    What was made ready before is kept: a store maps many calls with the same destination again.
    """
    return _configured(js_json.keep(destination_file.plain(file)), switches, js_json.keep(plan), name)


@lru_cache(maxsize=100)
def _configured(text: bytes, switches: Switches, plan: bytes, name: str) -> Configured:
    described = js_json.read(text, spelled=True).value
    assert isinstance(described, dict)
    file = destination_file.of(described, name)
    found: list[Finding] = []
    selectors: list[Selector] = []
    for index, mapping in enumerate(file.mappings if file.kind == "actions" else ()):
        place = f"$.mappings[{index}]"
        trigger, made = fql.compiled(mapping.trigger), _mapping(mapping.mapping, f"{place}.mapping", name)
        found += _moved(trigger.findings, "$.trigger", f"{place}.trigger")
        found += _moved(made.findings, "$", f"{place}.mapping")
        if mapping.enabled:
            selectors.append(Selector(mapping.name or f"mapping {index + 1}", trigger, made))
    filtering = filters.compiled([*_specs(file)], switches)
    planned = js_json.read(plan, spelled=True).value
    return Configured(
        file,
        described,
        tuple(selectors),
        filtering,
        None if planned is None else plans.read(planned),
        planned,
        (*found, *filtering.findings),
    )


def _mapping(mapping: JsonObject, place: str, name: str) -> Mapping:
    try:
        return kit.compiled(mapping)
    except MappingError as error:
        msg = f"{name}: {error.message} - at `{place}{json_path(*error.path)[1:]}`."
        raise DestinationError(msg) from None


def _specs(file: DestinationFile) -> Iterator[FilterSpec]:
    for index, item in enumerate(file.filters):
        actions = tuple(
            ActionSpec(action.type, action.percent, action.path, _fields(action)) for action in item.actions
        )
        yield FilterSpec(item.name or f"filter {index + 1}", item.condition, actions, item.enabled)


def _fields(action: Action) -> JsonObject | None:
    return None if action.fields is None else {name: [*names] for name, names in action.fields.items()}


def _moved(findings: tuple[Finding, ...], root: str, place: str) -> Iterator[Finding]:
    """Yield findings whose paths begin at `root` with paths of the file."""
    for finding in findings:
        yield replace(finding, path=place + finding.path.removeprefix(root))
