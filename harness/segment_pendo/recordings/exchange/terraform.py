"""What `terraform show -json` prints of a state or a plan (OpenTofu prints the same)."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from segment_pendo.base.prose import short
from segment_pendo.recordings.exchange.workspace import Kind, Part, Workspace, an_object, refuse
from segment_pendo.words import Json, JsonObject

__all__ = ["read"]

# Resources of Segment's provider (github.com/segmentio/terraform-provider-segment 1.6.0).
_KINDS: Final[dict[str, Kind]] = {
    "segment_destination": "destination",
    "segment_destination_subscription": "subscription",
    "segment_destination_filter": "filter",
    "segment_source_tracking_plan_connection": "plan",
    "segment_insert_function_instance": "function",
    "segment_transformation": "transformation",
}
_SHOW: Final = "Give what `terraform show -json` prints."
_INDEX: Final = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_REFERENCE: Final = re.compile(r"segment_destination\.[\w-]+")
_UNDERSCORED: Final = re.compile(r"_([a-z])")


class _Resource(NamedTuple):
    """A resource, and where it is: `module` is the address of its module's instance, '' for the root."""

    kind: Kind
    part: Part
    module: str
    kind_and_name: str
    instance: Json
    is_data: bool


def read(value: Json, name: str) -> Workspace | None:
    """Return what Terraform says of a workspace, or None where it says nothing. Raises DestinationError."""
    if not isinstance(value, dict):
        return None
    if "terraform_version" in value and isinstance(value.get("resources"), list):
        refuse(name, "$.resources", "this is Terraform's state as it stores it", _SHOW)
    section = "planned_values" if "planned_values" in value else "values"
    if "format_version" not in value and "root_module" not in an_object(value.get(section)):
        return None
    version = value.get("format_version", "1.0")
    if not isinstance(version, str) or version.partition(".")[0] not in {"0", "1"}:
        what = (
            f"this version{f' ({short(version, 20)})' if isinstance(version, str) else ''} is not known here"
        )
        refuse(name, "$.format_version", what, "Known are 0 and 1. Use another version of Terraform.")
    if value.get("errored") is True:
        refuse(name, "$.errored", "this plan failed, so it is not whole", "Put it right and plan again.")
    found = list(_resources(value, section, _unknown(value), name))
    found.sort(
        key=lambda resource: not resource.is_data
    )  # what Terraform makes counts more than what it reads
    linked = list(_linked(found, value))
    parts: dict[Kind, list[Part]] = {}
    for kind, part in linked:
        parts.setdefault(kind, []).append(part)
    unlinked = tuple(
        part.place
        for kind, part in linked
        if kind in {"subscription", "filter"} and "destinationId" in part.unknown
    )
    return Workspace(parts, is_terraform=True, unlinked=unlinked, may_be_bare=False, cut={})


def _resources(
    value: JsonObject, section: str, unknown: dict[str, frozenset[str]], name: str
) -> Iterator[_Resource]:
    """Yield the resources that are about destinations, module by module. Raises DestinationError."""
    values = value.get(section, {})
    if not isinstance(values, dict):
        refuse(name, f"$.{section}", f"{section} is no object", _SHOW)
    modules: list[tuple[Json, str]] = [(values.get("root_module", {}), f"$.{section}.root_module")]
    while modules:
        module, place = modules.pop()
        if not isinstance(module, dict):
            refuse(name, place, "a module of Terraform is an object", _SHOW)
        for index, resource in enumerate(_list(module, "resources", place, name)):
            kind = _KINDS.get(_text(an_object(resource).get("type")))
            if isinstance(resource, dict) and kind is not None and "deposed_key" not in resource:
                part = _part(resource, unknown, f"{place}.resources[{index}]", name)
                yield _Resource(
                    kind,
                    part,
                    _text(module.get("address")),
                    f"{_text(resource.get('type'))}.{_text(resource.get('name'))}",
                    resource.get("index"),
                    is_data=resource.get("mode") == "data",
                )
        inner = _list(module, "child_modules", place, name)
        modules += reversed([(child, f"{place}.child_modules[{at}]") for at, child in enumerate(inner)])


def _list(module: JsonObject, member: str, place: str, name: str) -> list[Json]:
    found = module.get(member, [])
    if not isinstance(found, list):
        refuse(name, f"{place}.{member}", f"{member} is no list", _SHOW)
    return found


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _part(resource: JsonObject, unknown: dict[str, frozenset[str]], place: str, name: str) -> Part:
    values, address = resource.get("values"), resource.get("address")
    if not isinstance(address, str) or not address:
        refuse(name, place, "this resource has no address", _SHOW)
    if not isinstance(values, dict):
        refuse(name, address, "this resource has no values", _SHOW)
    sensitive = an_object(resource.get("sensitive_values"))
    return Part(
        {_camel(member): value for member, value in values.items()},
        address,
        frozenset(map(_camel, unknown.get(address, ()))),
        sensitive=sensitive.get("settings") is True,
    )


def _camel(member: str) -> str:
    """Return a member's name as the Public API has it."""
    return _UNDERSCORED.sub(lambda match: match[1].upper(), member)


def _unknown(plan: JsonObject) -> dict[str, frozenset[str]]:
    """Return, by the address of a resource, the members that a plan does not know yet."""
    found: dict[str, frozenset[str]] = {}
    changes = plan.get("resource_changes")
    for change in changes if isinstance(changes, list) else ():
        if isinstance(change, dict) and isinstance(change.get("address"), str):
            after = an_object(an_object(change.get("change")).get("after_unknown"))
            found[_text(change["address"])] = frozenset(
                member for member, marks in after.items() if _is_marked(marks)
            )
    return found


def _is_marked(marks: Json) -> bool:
    """Whether a value, or anything in it, is marked with true."""
    todo = [marks]
    while todo:
        mark = todo.pop()
        if mark is True:
            return True
        if isinstance(mark, dict | list):
            todo += mark.values() if isinstance(mark, dict) else mark
    return False


def _linked(found: list[_Resource], plan: JsonObject) -> Iterator[tuple[Kind, Part]]:
    """Yield each part; what a plan makes anew refers to its destination by address, as it has no id yet."""
    new: dict[tuple[str, str], list[_Resource]] = {}
    for resource in found:
        if resource.kind == "destination" and "id" in resource.part.unknown:
            new.setdefault((resource.module, resource.kind_and_name), []).append(resource)
    references = _references(plan) if new else {}
    for resource in found:
        part = resource.part
        if resource.kind != "destination" and "destinationId" in part.unknown:
            way = _INDEX.sub("", resource.module and f"{resource.module}.") + resource.kind_and_name
            meant = [
                destination.part.place
                for destination in chain.from_iterable(
                    new.get((resource.module, named), ()) for named in references.get(way, ())
                )
                if destination.instance is None or destination.instance == resource.instance
            ]
            if len(meant) == 1:
                part = part._replace(
                    value={**part.value, "destinationId": meant[0]},
                    unknown=part.unknown - {"destinationId"},
                )
        yield resource.kind, part


def _references(plan: JsonObject) -> dict[str, set[str]]:
    """Return, by the address of a resource in the configuration, the destinations that it may refer to."""
    found: dict[str, set[str]] = {}
    modules: list[tuple[str, Json]] = [("", an_object(plan.get("configuration")).get("root_module"))]
    while modules:
        before, module = modules.pop()
        resources = an_object(module).get("resources")
        for resource in resources if isinstance(resources, list) else ():
            expressions = an_object(an_object(resource).get("expressions"))
            texts = an_object(expressions.get("destination_id")).get("references")
            found[before + _text(an_object(resource).get("address"))] = {
                match[0]
                for text in (texts if isinstance(texts, list) else ())
                if (match := _REFERENCE.match(_text(text)))
            }
        for called, call in an_object(an_object(module).get("module_calls")).items():
            modules.append((f"{before}module.{called}.", an_object(call).get("module")))
    return found
