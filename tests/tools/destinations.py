"""Destination files for tests."""

from typing import Any

from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationFile
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Json

IDENTIFY = 'type = "identify"'
WHOLE: Json = {"data": {"@path": "$."}}
# Two mappings select an identify call: one sends the event, the other one the plan alone.
TWO: Json = {
    "mappings": [
        {"name": "all", "trigger": IDENTIFY, "mapping": WHOLE},
        {
            "name": "plan",
            "trigger": f"{IDENTIFY} and traits.plan != null",
            "mapping": {
                "data": {
                    "type": {"@path": "$.type"},
                    "userId": {"@template": "plan-{{userId}}"},
                    "traits": {"plan": {"@path": "$.traits.plan"}},
                    "messageId": {"@path": "$.messageId"},
                },
                "headers": {"X-Mapping": "plan"},
            },
        },
    ]
}


def file_of(value: Json) -> DestinationFile:
    return destination_file.of(value, "test.json")


def setup_of(value: Json, **settings: Any) -> Setup:
    """The Setup of a destination file that holds this."""
    return Setup.of(destination=file_of(value), **settings)
