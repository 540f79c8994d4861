"""The destination file: what it may say, and what is wrong with one that cannot be used."""

from typing import Any

import pytest
from destinations import IDENTIFY, WHOLE, file_of
from make_docs import DESTINATION_SCHEMA as SCHEMA
from make_docs import destination_schema_text

from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationError, DestinationFile
from segment_pendo.words import Json


def mapping(**members: Json) -> Json:
    return {"mappings": [members]}


def test_what_is_left_out_has_segments_default() -> None:
    file = file_of({})
    assert file == DestinationFile()
    (mapping,) = file.mappings
    assert mapping.trigger == 'type = "identify" or type = "group"'
    assert mapping.mapping == WHOLE
    assert file_of(destination_file.plain(file)) == file


def test_the_classic_destination_has_no_mappings() -> None:
    file = file_of({"kind": "classic"})
    assert "mappings" not in destination_file.in_full(file)
    assert file_of(destination_file.plain(file)) == file


def test_every_member_is_read_and_written_again() -> None:
    full: Json = {
        "kind": "actions",
        "enabled": False,
        "mappings": [
            {
                "name": "Send",
                "enabled": False,
                "trigger": IDENTIFY,
                "mapping": {"data": {"@path": "$.traits"}, "method": "PUT", "headers": {"X-A": "b"}},
                "batch": {"size": 10, "keys": ["userId"]},
            }
        ],
        "filters": [
            {
                "name": "f",
                "enabled": False,
                "if": IDENTIFY,
                "actions": [
                    {"type": "SAMPLE", "percent": 0.5, "path": "userId"},
                    {"type": "DROP_PROPERTIES", "fields": {"traits": ["email"]}},
                ],
            }
        ],
        "consent": ["Analytics"],
        "function": "function.js",
        "plan": "plan.json",
        "pendo_track": False,
        "assume": {"nested": "dot"},
    }
    file = file_of(full)
    assert destination_file.in_full(file) == full
    assert file_of(destination_file.plain(file)) == file


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "test.json: this is a list without answers of the Public API. `segment-pendo init"),
        ("abc", "test.json: this is no JSON object. `segment-pendo init"),
        ({"kinds": 5}, "did you mean kind?"),
        ({"kind": 5}, "$.kind must be actions or classic. docs/destination.md"),
        ({"enabled": 5}, "$.enabled must be true or false."),
        ({"filters": [{}]}, "$.filters[0] lacks if."),
        ({"mappings": {}}, "$.mappings must be a list of at most 50."),
        ({"consent": 5}, "$.consent must be a list or null."),
        ({"mappings": [5]}, "$.mappings[0] must be an object."),
        (mapping(batch=5), "$.mappings[0].batch must be an object or null."),
        (mapping(batch={"size": 5000}), "$.mappings[0].batch.size must be a whole number from 1 to 4000."),
        ({"assume": {"nested": 5}}, "$.assume.* must be a text."),
        ({"mapping": []}, "a destination has no member 'mapping'; did you mean mappings?"),
        (mapping(triger=IDENTIFY), "a mapping has no member 'triger'; did you mean trigger?"),
        ({"filters": [{"if": "all", "action": []}]}, "a filter has no member 'action'; did you mean"),
        ({"filters": [{"if": "all", "actions": [{"type": "DROPS"}]}]}, "$.filters[0].actions[0].type"),
        ({"filters": [{"if": "all", "actions": []}]}, "$.filters[0].actions"),
        ({"filters": [{"if": "all", "actions": [{"type": "SAMPLE"}]}]}, "SAMPLE needs percent"),
        (
            {"filters": [{"if": "all", "actions": [{"type": "SAMPLE", "percent": 50}]}]},
            "$.filters[0].actions[0].percent",
        ),
        (
            {"filters": [{"if": "all", "actions": [{"type": "ALLOW_PROPERTIES"}]}]},
            "ALLOW_PROPERTIES needs fields",
        ),
        ({"filters": [{"if": "all", "actions": [{"type": "DROP"}]}] * 11}, "$.filters"),
        (mapping(trigger=7), "$.mappings[0].trigger"),
        (mapping(batch={"size": 0}), "$.mappings[0].batch.size"),
        (mapping(mapping={"url": "https://x/"}), "`$.mappings[0].mapping.url`"),
        (
            mapping(mapping={"headers": {"authorization": "x"}}),
            "`$.mappings[0].mapping.headers.authorization`",
        ),
        ({"kind": "classic", "mappings": []}, 'mappings are of "actions"'),
        ({"consent": "Analytics"}, "$.consent"),
        ({"kind": "\ud800"}, "half a character"),
        ({"enabled": "\ud800"}, "half a character"),
        ({"assume": {"nested": 1}}, "$.assume"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(value: Json, says: str) -> None:
    with pytest.raises(DestinationError) as error:
        file_of(value)
    assert says in str(error.value)
    assert str(error.value).startswith("test.json")
    assert "?." not in str(error.value)
    assert "xpected" not in str(error.value), "a library's words"


@pytest.mark.parametrize("place", ["data", "headers"])
def test_a_url_with_a_key_is_refused_wherever_it_stands_and_not_shown(place: str) -> None:
    url = "https://data.pendo.io/data/segmentio/0123-secret"
    with pytest.raises(DestinationError, match="holds a URL of Pendo with its key") as error:
        file_of(mapping(mapping={place: {"a": ["x", {"b": url}]}}))
    assert "0123-secret" not in str(error.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_told(data: bytes) -> None:
    with pytest.raises(DestinationError, match=r"test\.json: this is not JSON: .*segment-pendo init"):
        destination_file.json_of(data, "test.json")


def test_the_schema_takes_what_is_read_and_nothing_else() -> None:
    from jsonschema import Draft202012Validator

    schema: Any = destination_file.schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert SCHEMA.read_text("utf-8") == destination_schema_text(), (
        "run: uv run python tests/tools/make_docs.py"
    )
    assert validator.is_valid(destination_file.in_full(DestinationFile()))
    assert validator.is_valid({})
    assert not validator.is_valid({"mapping": []})
    assert not validator.is_valid({"filters": [{"if": "all", "actions": [], "x": 1}]})
