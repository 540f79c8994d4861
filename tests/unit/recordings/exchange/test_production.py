"""Destinations as Terraform and Segment's Public API describe them, read into the form of our file."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationError
from segment_pendo.recordings.exchange.production import InProduction, destinations

FIXTURES = Path(__file__).parents[4] / "fixtures" / "destinations"
SECRET = "s3cr3t-s3cr3t"
URL = f"https://data.pendo.io/data/segmentio/{SECRET}"
SEND = {"data": {"@path": "$."}, "method": "POST", "url": URL}
WEBHOOKS = {"id": "614a3c7d791c91c41bae7599"}


def fixture(name: str) -> Any:
    return destination_file.json_of((FIXTURES / name).read_bytes(), name)


def answer(**data: Any) -> dict[str, Any]:
    return {"data": data}


def subscription(settings: Any = None, **more: Any) -> dict[str, Any]:
    settings = SEND if settings is None else settings
    return {"destinationId": "d", "name": "Send", "trigger": "all", "settings": settings} | more


def api(*subscriptions: Any, **destination: Any) -> list[Any]:
    return [
        answer(destination={"id": "d", "enabled": True, "metadata": WEBHOOKS} | destination),
        answer(subscriptions=list(subscriptions)),
    ]


def only(value: Any) -> InProduction:
    found = destinations(value, "dump.json")
    assert found is not None
    (one,) = found
    return one


def only_mapping(value: Any) -> Any:
    mappings = only(value).described["mappings"]
    assert isinstance(mappings, list)
    (one,) = mappings
    return one


def both(value: Any) -> tuple[InProduction, InProduction]:
    found = destinations(value, "dump.json")
    assert found is not None
    first, second = found
    return first, second


def why_not(value: Any) -> str:
    with pytest.raises(DestinationError) as caught:
        _ = [found.described for found in destinations(value, "dump.json") or ()]
    return str(caught.value)


def resource(
    kind: str, name: str, instance: Any = None, module: str = "", /, **values: Any
) -> dict[str, Any]:
    address = f"{module and module + '.'}{kind}.{name}"
    address += "" if instance is None else f"[{json.dumps(instance)}]"
    made = {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}
    return made if instance is None else {**made, "index": instance}


def state(*resources: Any) -> dict[str, Any]:
    return {"format_version": "1.0", "values": {"root_module": {"resources": list(resources)}}}


SENDING = {"destination_id": "d", "trigger": "all", "settings": json.dumps(SEND)}


def terraform(**more: Any) -> dict[str, Any]:
    """Return a state with one destination and one mapping of it, which has these values."""
    return state(
        resource("segment_destination", "pendo", id="d", name="Pendo", enabled=True, metadata=WEBHOOKS),
        resource("segment_destination_subscription", "send", **SENDING | more),
    )


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"@path": [value]}
    return value


# What is read


def test_a_state_of_terraform() -> None:
    archive, pendo = both(fixture("terraform-show.json"))
    assert (archive.name, archive.id, archive.address) == (
        "Archive",
        "000000000000000000000002",
        "module.destinations.segment_destination.archive",
    )
    assert archive.described == {"kind": "classic", "enabled": False, "filters": []}
    assert pendo.name == "Pendo"
    described = destination_file.of(pendo.described, "")
    assert [(mapping.name, mapping.enabled) for mapping in described.mappings] == [
        ("People and accounts", True),
        ("Features", False),
    ]
    assert [list(mapping.mapping) for mapping in described.mappings] == [
        ["data", "method"],
        ["data", "headers", "method"],
    ]
    assert described.mappings[0].batch is None
    assert described.mappings[1].batch is not None
    assert described.mappings[1].batch.size == 1000
    assert [destination_filter.name for destination_filter in described.filters] == [
        "No staff",
        "No phone numbers",
    ]
    assert [action.type for action in described.filters[1].actions] == ["DROP_PROPERTIES", "SAMPLE"]
    assert described.filters[1].actions[0].fields == {"context.traits": ["phone"], "traits": ["phone"]}


def test_answers_of_the_public_api() -> None:
    pendo = only(fixture("public-api.json"))
    assert (pendo.name, pendo.id, pendo.address) == ("Pendo", "000000000000000000000001", "")
    described = destination_file.of(pendo.described, "")
    assert [mapping.trigger for mapping in described.mappings] == [
        'type = "identify" or type = "group"',
        'type = "track" and event = "Report Exported"',
    ]
    assert described.mappings[1].mapping["headers"] == {"Content-Type": "application/json"}
    assert described.filters[0].condition == 'contains(traits.email, "@example.com")'


def test_what_is_left_out_is_told() -> None:
    _, pendo = both(fixture("terraform-show.json"))
    told = "\n".join(pendo.dropped)
    for word in ("x-pendo-integration-key", "shared secret", "made-up-plan", "insert function", "sensitive"):
        assert word in told
    assert "made-up-key" not in told
    assert "<shared secret>" not in told
    assert any("reverse ETL" in sentence for sentence in only(fixture("public-api.json")).dropped)


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "actions", "mappings": []},
        {"filters": []},
        {},
        [],
        None,
        "text",
        3,
        [{"type": "identify"}],
        {"data": [1]},
        {"values": {}},
    ],
)
def test_other_values_are_nobodys(value: Any) -> None:
    assert destinations(value, "own.json") is None


@pytest.mark.parametrize(
    "value",
    [
        {"format_version": "1.0", "terraform_version": "1.9.8"},
        state(),
        state(resource("segment_source", "web", id="s")),
        answer(destinations=[{"id": "a", "metadata": {"id": "5f7dd6d21ad74f3842b1fc47"}}]),
        answer(warehouses=[]),
    ],
)
def test_no_webhook_is_an_empty_list(value: Any) -> None:
    assert destinations(value, "dump.json") == []


def test_a_webhook_is_known_by_its_settings_where_nothing_else_tells() -> None:
    assert only(api(subscription(), metadata=None)).described["kind"] == "actions"
    assert destinations(api(subscription({"email": "x"}), metadata=None), "") == []
    hooks = answer(destination={"id": "c", "settings": {"hooks": [], "globalHook": ""}})
    assert only(hooks).described["kind"] == "classic"
    extensible = {"id": "66b1f528d26440823fb27af9", "slug": "actions-webhook-extensible"}
    assert destinations(api(subscription(), metadata=extensible), "") == []


def test_mappings_whose_destination_is_elsewhere() -> None:
    found = only(answer(subscriptions=[subscription()]))
    assert (found.id, found.name, found.address) == ("d", "", "")
    assert found.described["enabled"] is True
    assert any("enabled" in sentence for sentence in found.dropped)


def test_each_destination_has_its_own_mappings() -> None:
    two = answer(destinations=[{"id": "d", "metadata": WEBHOOKS}, {"id": "e", "metadata": WEBHOOKS}])
    lists = [answer(subscriptions=[subscription(name=name, destinationId=name)]) for name in ("e", "d")]
    found = destinations([two, *lists], "") or []
    names = [(item.id, destination_file.of(item.described, "").mappings[0].name) for item in found]
    assert names == [("d", "d"), ("e", "e")]


def test_what_comes_twice_counts_once_and_as_it_came_last() -> None:
    again = api(subscription(id="s", name="old"), subscription(id="t", name="other"))
    again += [answer(subscription=subscription(id="s", name="new")), answer(destination={"id": "d"})]
    again[-1]["data"]["destination"] |= {"metadata": WEBHOOKS, "name": "Renamed"}
    found = only(again)
    assert found.name == "Renamed"
    assert [mapping.name for mapping in destination_file.of(found.described, "").mappings] == ["new", "other"]


def test_a_destination_that_terraform_reads_is_the_one_that_it_makes() -> None:
    value = terraform()
    resources = value["values"]["root_module"]["resources"]
    resources.append({**resources[0], "mode": "data", "address": "data.segment_destination.pendo"})
    assert only(value).address == "segment_destination.pendo"


def test_what_terraform_is_about_to_destroy_does_not_count() -> None:
    value = terraform()
    for each in value["values"]["root_module"]["resources"]:
        each["deposed_key"] = "00000000"
    assert destinations(value, "") == []


# Mappings


@pytest.mark.parametrize(
    ("settings", "batch"),
    [
        ({}, None),
        ({"enable_batching": False, "batch_size": 5}, None),
        ({"batch_keys": ["url"]}, None),
        ({"enable_batching": True}, {"size": 1000}),
        ({"enable_batching": True, "batch_size": 0}, {"size": 1000}),
        ({"enable_batching": True, "batch_size": 7, "batch_keys": ["a"]}, {"size": 7, "keys": ["a"]}),
        ({"enable_batching": True, "batch_size": 10_000}, {"size": 4000}),
        ({"enable_batching": True, "batch_size": {"@path": "$.n"}}, {"size": 1000}),
        ({"enable_batching": "true"}, None),
        ({"enable_batching": True, "batch_size": True, "batch_keys": "a"}, {"size": 1000}),
    ],
)
def test_batching_is_no_part_of_the_mapping(settings: Any, batch: Any) -> None:
    mapping = only_mapping(api(subscription(SEND | settings)))
    assert mapping["mapping"] == {"data": {"@path": "$."}, "method": "POST"}
    assert mapping.get("batch") == batch


@pytest.mark.parametrize(
    "settings", [{"enable_batching": "true"}, {"batch_size": 4001}, {"batch_size": "1"}, {"batch_size": -1}]
)
def test_batching_that_is_taken_otherwise_is_told(settings: Any) -> None:
    (told,) = only(api(subscription(SEND | {"enable_batching": True} | settings))).dropped
    assert next(iter(settings)) in told


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "x"),
        ("PROXY-AUTHORIZATION", "x"),
        ("cookie", "x"),
        ("X-Signature", "x"),
        ("x-pendo-integration-key", "x"),
        ("X-Workflow-Api-Key", "x"),
        ("X-Auth-Token", "x"),
        ("X-Anything", "Bearer x"),
        ("X-Anything", ["a", "Bearer x"]),
        ("X-Anything", {"@template": "Basic {{userId}}"}),
        ("X-Anything", {"@literal": "https://user:hunter2secret@example.com/"}),
    ],
)
def test_a_header_that_lets_somebody_in_is_left_out(header: str, value: Any) -> None:
    headers = {"X-Team": "a", header: value}
    for made in (headers, {"@merge": {"objects": [headers], "direction": "left"}}):
        found = only(api(subscription(SEND | {"headers": made})))
        assert header not in json.dumps(found.described)
        assert "X-Team" in json.dumps(found.described)
        assert any(f'"{header}"' in sentence for sentence in found.dropped)


def test_other_headers_stay() -> None:
    headers = {"Content-Type": "application/json", "X-User": {"@path": "$.userId"}}
    found = only(api(subscription(SEND | {"headers": headers})))
    assert only_mapping(api(subscription(SEND | {"headers": headers})))["mapping"]["headers"] == headers
    assert found.dropped == ()


def test_pendos_url_is_nowhere() -> None:
    data = {"a": {"@template": URL}, "b": [URL, "kept"], URL: 1}
    found = only(api(subscription(SEND | {"data": data})))
    assert SECRET not in json.dumps(found.described)
    assert '["****", "kept"]' in json.dumps(found.described)
    assert any("****" in sentence for sentence in found.dropped)


def test_a_url_that_depends_on_the_call_is_told() -> None:
    found = only(api(subscription(SEND | {"url": {"@template": URL + "{{properties.a}}"}})))
    assert any("its url" in sentence for sentence in found.dropped)


def test_fields_that_webhooks_do_not_have_are_left_out_and_told() -> None:
    found = only(api(subscription(SEND | {"audience": SECRET})))
    assert "audience" not in json.dumps(found.described)
    assert any('"audience"' in sentence for sentence in found.dropped)


def test_the_root_directive_stays_without_what_the_mapping_kit_replaces() -> None:
    root = {"@transform": {"apply": {"@path": "$.a"}, "mapping": {"url": URL}}}
    mapping = only_mapping(api(subscription(SEND | {"__segment_internal_directive": root})))["mapping"]
    assert mapping["__segment_internal_directive"] == {"@transform": {"apply": {"@path": "$.a"}}}


def test_a_mapping_without_data_gets_none() -> None:
    assert only_mapping(api(subscription({"url": URL, "method": "PUT"})))["mapping"] == {"method": "PUT"}


def test_numbers_and_texts_of_a_mapping_stay_as_they_are() -> None:
    settings = '{"url":"u","data":{"b":1.50,"a":12345678901234567890,"é\\ud800":"\\u0000"}}'
    mapping = only_mapping(terraform(settings=settings))["mapping"]
    assert list(mapping["data"])[:2] == ["b", "a"]
    assert mapping["data"]["a"] == 12345678901234567890


def test_half_a_character_is_no_reason_to_refuse_a_mapping() -> None:
    assert only_mapping(terraform(settings='{"url": "", "data": {"a": "\ud800"}}'))["name"] == ""


def test_the_order_of_a_file_with_modules() -> None:
    value = terraform()
    value["values"]["root_module"]["child_modules"] = [
        {"resources": [resource("segment_destination_subscription", "send", None, module, **each)]}
        for module, each in ((m, SENDING | {"name": m}) for m in ("module.b", "module.a"))
    ]
    names = [mapping.name for mapping in destination_file.of(only(value).described, "").mappings]
    assert names == ["", "module.b", "module.a"]


def test_what_changes_calls_on_their_way_is_told() -> None:
    ours, theirs = {"id": "d", "sourceId": "s"}, {"destinationMetadataId": "another", "sourceId": "s"}

    def told(**data: Any) -> str:
        return " ".join(only([*api(subscription(), **ours), answer(**data)]).dropped)

    assert "insert function" in told(instances=[{"integrationId": "s"}])
    assert "insert function" in told(insertFunctionInstance={"integrationId": "d", "enabled": True})
    assert told(instances=[{"integrationId": "d", "enabled": False}, {"integrationId": "x"}]) == ""
    assert "transformation" in told(transformation={"sourceId": "s"})
    assert "transformation" in told(
        transformations=[{"sourceId": "s", "destinationMetadataId": WEBHOOKS["id"]}]
    )
    assert told(transformations=[theirs, {"sourceId": "x"}, {"sourceId": "s", "enabled": False}]) == ""
    assert "tracking plan (p)" in told(trackingPlans=[{"id": "p"}])


def test_what_the_classic_webhooks_do_beside_is_told() -> None:
    hooks = [
        {"hook": URL, "headers": [{"key": "X-A", "value": SECRET}]},
        {"hook": URL + "2", "headers": None},
        {"hook": "", "headers": [{"key": ""}, SECRET]},
        SECRET,
    ]
    settings = {"hooks": hooks, "sharedSecret": SECRET}
    found = only(answer(destination={"id": "c", "enabled": True, "settings": settings}))
    several, headers, secret = found.dropped
    assert "2 URLs" in several
    assert "X-A" in headers
    assert "SEGMENT_PENDO_WEBHOOK_SECRET" in secret
    assert SECRET not in json.dumps([*found.dropped, found.described])


# What the file does not say


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (api(), ()),
        ([*api(), answer(destination={"id": "e", "metadata": WEBHOOKS})], ("no mapping",)),
        (api()[:1], ("no mapping", "/subscriptions", "$[0].data.destination")),
        (state(*terraform()["values"]["root_module"]["resources"][:1]), ("no mapping", "/subscriptions")),
        (terraform(trigger=None), ("trigger is missing", "segment_destination_subscription.send")),
        (terraform(settings=None), ("settings is missing",)),
        (terraform(settings="[]"), ("settings is no JSON object",)),
        (terraform(settings='{"url": "' + SECRET), ("settings is not JSON", "character", "jsonencode")),
        (terraform(settings="[" * 100_000), ("settings nests more than",)),
        (terraform(settings='{"data":' * 245 + "1" + "}" * 245), ("settings nests more than",)),
        (terraform(enabled="yes"), ("enabled is neither",)),
        (terraform(destination_id=None), ("destinationId is missing",)),
        (terraform(destination_id=["d"]), ("destinationId is no text",)),
        (api(subscription(trigger={"a": SECRET})), ("trigger is no text", "$[1].data.subscriptions[0]")),
        (api(subscription([SECRET])), ("settings is no JSON object",)),
        (api(*[subscription()] * 51), ("dump.json, $[0].data.destination", "mappings")),
        (api(subscription(), id=7), ("id is no text",)),
        ([*api(), "text"], ('it has no "data" - at `$[2]`',)),
        ([*api(), {"errors": [{"type": "forbidden", "message": SECRET}]}], ("refused (forbidden)",)),
        ({"errors": [{"type": "not-found"}]}, ("refused (not-found)",)),
        (answer(subscriptions=[SECRET]), ("$.data.subscriptions[0]",)),
        (answer(destination=[[SECRET]]), ("$.data.destination[0]",)),
        ({"format_version": "2.0"}, ("version (2.0)", "$.format_version")),
        ({"format_version": deep(5000)}, ("this version is not known",)),
        ({"format_version": "1.2", "errored": True, "planned_values": {}}, ("failed",)),
        ({"version": 4, "terraform_version": "1.9", "resources": []}, ("terraform show -json",)),
        ({"format_version": "1.0", "values": [SECRET]}, ("values is no object",)),
        ({"format_version": "1.0", "values": {"root_module": SECRET}}, ("$.values.root_module",)),
        ({"values": {"root_module": {"resources": SECRET}}}, ("$.values.root_module.resources",)),
        ({"values": {"root_module": {"child_modules": [7]}}}, ("child_modules[0]",)),
        (state({"type": "segment_destination", "values": {}}), ("no address",)),
        (state({"type": "segment_destination", "address": "a"}), ("no values", "`a`")),
    ],
)
def test_errors_say_what_and_where_and_what_to_do(value: Any, words: tuple[str, ...]) -> None:
    if not words:
        assert only(value).described["mappings"] == []
        return
    error = why_not(value)
    assert error.startswith("dump.json")
    assert SECRET not in error
    for word in words:
        assert word in error


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"if": None}, "if is missing"),
        ({"actions": None}, "actions is no list"),
        ({"actions": [SECRET]}, "actions[0]"),
        ({"actions": []}, "filters[0].actions"),
        ({"actions": [{"type": "HASH_PROPERTIES"}]}, "HASH_PROPERTIES"),
        ({"actions": [{"type": None}]}, "type is missing"),
        ({"actions": [{"type": "SAMPLE", "percent": 7}]}, "percent"),
        ({"actions": [{"type": "SAMPLE", "percent": None}]}, "SAMPLE needs percent"),
        ({"actions": [{"type": "DROP_PROPERTIES", "fields": "{" + SECRET}]}, "fields is not JSON"),
        ({"actions": [{"type": "DROP_PROPERTIES", "fields": '{"a":{"b":1}}'}]}, "no lists of names"),
        ({"actions": [{"type": "DROP_PROPERTIES", "fields": {"a": "\ud800"}}]}, "no lists of names"),
        ({"actions": [{"type": "SAMPLE", "percent": "\ud800"}]}, "percent is no number"),
        ({"actions": [{"type": "SAMPLE", "percent": 1, "path": 3}]}, "path is no text"),
        ({"actions": [{"type": "\ud800"}]}, "is not known here"),
    ],
)
def test_errors_of_filters(values: dict[str, Any], word: str) -> None:
    given = {"destination_id": "d", "if": "all", "actions": [{"type": "DROP"}]} | values
    value = terraform()
    value["values"]["root_module"]["resources"].append(resource("segment_destination_filter", "f", **given))
    error = why_not(value)
    assert word in error
    assert SECRET not in error


def test_filters_of_spaces_are_passed_over() -> None:
    space = {"id": "f", "integrationId": "d", "if": "all", "drop": True}
    assert only([*api(subscription()), answer(filters=[space])]).described["filters"] == []


def test_an_error_concerns_only_who_asks_for_its_destination() -> None:
    value = terraform()
    value["values"]["root_module"]["resources"] += [
        resource("segment_destination", "other", id="e", enabled=True, metadata=WEBHOOKS),
    ]
    good, bad = both(value)
    assert good.described["kind"] == "actions"
    with pytest.raises(DestinationError, match="no mapping"):
        _ = bad.described


def test_a_list_that_goes_on_is_not_taken_for_whole() -> None:
    first = answer(subscriptions=[subscription()], pagination={"current": "1", "next": "2"})
    second = answer(subscriptions=[subscription(name="b")], pagination={"current": "2", "next": None})
    assert "subscriptions goes on" in why_not([*api()[:1], first])
    assert len(destination_file.of(only([*api()[:1], first, second]).described, "").mappings) == 2


def test_values_that_terraform_blots_out() -> None:
    value = terraform(settings=None)
    value["values"]["root_module"]["resources"][1]["sensitive_values"] = {"settings": True}
    assert "sensitive" in why_not(value)
    assert "blotted out" in why_not(terraform(settings="(sensitive value)"))


# Plans


def new(
    *instances: Any,
    references: tuple[str, ...] = ("segment_destination.pendo.id",),
    modules: Any = ("module.a",),
) -> dict[str, Any]:
    """Return a plan that makes destinations with a mapping and a filter each, which refer to theirs."""
    children, changes = [], []
    for module in modules:
        resources = []
        for instance in instances:
            own = {"name": instance, "enabled": True, "if": "all", "actions": [{"type": "DROP"}]}
            own |= {"metadata": WEBHOOKS, "trigger": "all", "settings": json.dumps(SEND)}
            for kind, name in (("", "pendo"), ("_subscription", "send"), ("_filter", "drop")):
                made = resource(f"segment_destination{kind}", name, instance, module, **own)
                marks = {"id": True, "metadata": {"name": True}, "actions": [{}]}
                marks |= {"destination_id": True} if kind else {}
                resources.append(made)
                changes.append({"address": made["address"], "change": {"after_unknown": marks}})
        children.append({"address": module, "resources": resources})
    expressions = {"destination_id": {"references": list(references)}}
    configured = [
        {"address": f"segment_destination_{name}", "expressions": expressions}
        for name in ("subscription.send", "filter.drop")
    ]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": children}},
        "resource_changes": changes,
        "configuration": {"root_module": {"module_calls": {"a": {"module": {"resources": configured}}}}},
    }


def with_unknown(index: int, **marks: Any) -> dict[str, Any]:
    """Return a plan for a new destination of which one part (0 to 2) has members that are not known yet."""
    value = new(None)
    value["resource_changes"][index]["change"]["after_unknown"] |= marks
    return value


def test_a_plan_for_a_new_destination() -> None:
    found = only(new(None))
    assert (found.id, found.address) == ("", "module.a.segment_destination.pendo")
    assert len(destination_file.of(found.described, "").mappings) == 1


@pytest.mark.parametrize(
    "value",
    [
        new("eu", "us", references=("segment_destination.pendo", "each.key")),
        new(None, modules=['module.a["eu"]', 'module.a["us"]']),
    ],
    ids=["instances", "modules"],
)
def test_a_plan_for_one_destination_an_environment(value: Any) -> None:
    for found in both(value):
        described = destination_file.of(found.described, "")
        assert len(described.mappings) == len(described.filters) == 1
        assert [mapping.name for mapping in described.mappings] == [found.name]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (with_unknown(1, settings=True), "settings is known only after the plan"),
        (with_unknown(1, trigger=True), "trigger is known only after the plan"),
        (with_unknown(1, enabled=True), "enabled is known only after the plan"),
        (with_unknown(0, enabled=True), "enabled is known only after the plan"),
        (with_unknown(2, actions=[{"fields": True}]), "actions is known only after the plan"),
        (with_unknown(2, **{"if": True}), "if is known only after the plan"),
        (
            new(None, references=("var.destination",)),
            "segment_destination_subscription.send is part of this - at `module.a.segment_destination.pendo`",
        ),
    ],
)
def test_what_a_plan_does_not_know_is_an_error(value: Any, words: str) -> None:
    assert words in why_not(value)


# Whatever comes


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value that is not too deep."""
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items if len(way) < 15 else ():
        yield from places(inner, (*way, key))


def changed(value: Any, way: tuple[Any, ...], new_value: Any) -> Any:
    if not way:
        return new_value
    value = copy.copy(value)
    value[way[0]] = changed(value[way[0]], way[1:], new_value)
    return value


WHOLE = new("eu", "us")
WHOLE["planned_values"]["root_module"]["resources"] = [
    resource(
        "segment_destination_filter",
        "f",
        destination_id="module.a.segment_destination.pendo",
        title="t",
        **{"if": "all", "actions": [{"type": "SAMPLE", "percent": 0.5, "fields": None}]},
    ),
    *terraform()["values"]["root_module"]["resources"],
]
HEADERS = {"headers": {"Authorization": SECRET, "X-B": ["b"]}, "enable_batching": True, "batch_size": 4}
DUMP = [
    *api(subscription(SEND | HEADERS), settings={"sharedSecret": SECRET}, name="Pendo", sourceId="s"),
    answer(filters=[{"destinationId": "d", "if": "all", "title": "t", "actions": [{"type": "DROP"}]}]),
    answer(
        instances=[{"integrationId": "d"}], transformations=[{"sourceId": "s"}], trackingPlans=[{"id": "p"}]
    ),
]
HOSTILE = [
    None, True, False, 0, -1, 1.5, 10**400, float("nan"), float("inf"), "", "text", "\ud800", "\x00\x1b[31m",
    "{}", '{"a":', "[" * 5000, "x" * 100_000, [], [[]], {}, {"": {}}, {"__proto__": 1}, {"@path": "$."},
    [None], {"id": []}, {"a": float("nan")}, deep(120), deep(5000), "constructor", "destinationId", "d",
]  # fmt: skip


@pytest.mark.parametrize("whole", [WHOLE, DUMP], ids=["terraform", "api"])
@given(data=st.data())
def test_whatever_comes_is_described_so_that_it_can_be_read_or_is_an_error(whole: Any, data: Any) -> None:
    value = whole
    for _ in range(data.draw(st.integers(1, 2))):
        way = data.draw(st.sampled_from(list(places(value))))
        value = changed(value, way, data.draw(st.sampled_from(HOSTILE)))
    texts = []
    try:
        found = destinations(value, "dump.json") or []
    except DestinationError as error:
        texts.append(str(error))
        found = []
    for each in found:
        texts += each.dropped
        try:
            destination_file.of(each.described, "again")
            texts.append(json.dumps(each.described))
        except DestinationError as error:
            texts.append(str(error))
    for text in texts:
        assert SECRET not in text
        assert "\x1b" not in text


def test_many_modules_in_one_another() -> None:
    module: dict[str, Any] = {}
    for _ in range(20_000):
        module = {"child_modules": [module]}
    assert destinations({"values": {"root_module": module}}, "") == []
