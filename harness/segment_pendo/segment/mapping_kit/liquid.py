"""Liquid."""

from segment_pendo.segment.mapping_kit.values import NotKnown, Value, Work


def rendered(value: Value, payload: Value, work: Work) -> str:
    msg = "liquid"
    raise NotKnown(msg)


def texts(mapping):
    return ()
