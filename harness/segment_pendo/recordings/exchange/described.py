"""Mappings and filters of a destination in production, in the form of our destination file."""

import re
from collections.abc import Iterator
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, short
from segment_pendo.recordings.exchange.workspace import Part, an_object, object_in, refuse, text_in
from segment_pendo.recordings.redaction.key_names import is_secret
from segment_pendo.recordings.redaction.scan import without_secrets
from segment_pendo.words import Json, JsonObject

__all__ = ["filter_of", "hooks_left_out", "mapping_of", "switched_on"]

# The fields of what Webhooks (Actions) sends, and the mapping kit's own (npm @segment/actions-core 3.170.0).
_ROOT: Final = "__segment_internal_directive"
_FIELDS: Final = frozenset({"data", "method", "headers", _ROOT})
_BATCHING: Final = frozenset({"enable_batching", "batch_size", "batch_keys"})
_MOST: Final = 4000  # webhooks in one POST (segment-docs, catalog/actions-webhook)
_USUAL: Final = 1000
_ACTIONS: Final = ("SAMPLE", "DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES")
_WITH_KEY: Final = "/data/segmentio/"
_SECRET_ENDINGS: Final = ("authorization", "cookie", "signature", "key", "token", "auth", "credentials")
_SCHEME: Final = re.compile(r"\"\s*(?:bearer|basic|digest|token)\s+\S", re.IGNORECASE)
_NOT_LETTERS: Final = re.compile(r"[^a-z]")
_WIDEST: Final = 60


def mapping_of(subscription: Part, name: str, told: list[str]) -> JsonObject | None:
    """Return a subscription as a mapping, or None where no call reaches it. Raises DestinationError."""
    title = _optional_text(subscription, "name")
    called = f'Mapping "{short(title, _WIDEST)}"' if title else "A mapping"
    if subscription.value.get("modelId"):
        told.append(f"{called} is left out: it sends what a reverse ETL model finds, not calls.")
        return None
    settings = object_in(subscription, "settings", name)
    mapping = {field: value for field, value in settings.items() if field in _FIELDS}
    told += (f"{called}: {what}" for what in _left_out(settings))
    if "headers" in mapping:
        gone: list[str] = []
        mapping["headers"] = _harmless(mapping["headers"], gone)
        told += (f'{called}: the header "{header}" is left out, as it lets somebody in.' for header in gone)
    if _ROOT in mapping:
        mapping[_ROOT] = _bare(mapping[_ROOT])
    if subscription.sensitive:
        told.append(f"{called}: Terraform holds its settings to be sensitive. Look before others see them.")
    masked = _masked(mapping)
    if masked != mapping:
        told.append(f"{called}: a URL of Pendo is replaced by ****, as it holds a key.")
    described: JsonObject = {
        "name": title,
        "enabled": switched_on(subscription, name),
        "trigger": text_in(subscription, "trigger", name),
        "mapping": masked,
    }
    batch = _batch(settings, called, told)
    if batch is not None:
        described["batch"] = batch
    return described


def filter_of(part: Part, name: str) -> JsonObject:
    """Return a destination filter in the form of our file. Raises DestinationError."""
    actions = part.value.get("actions")
    if "actions" in part.unknown:
        refuse(name, part.place, "actions is known only after the plan is applied", "Apply it first.")
    if not isinstance(actions, list):
        refuse(name, part.place, "actions is no list", "A filter has a list of actions.")
    return {
        "name": _optional_text(part, "title"),
        "enabled": switched_on(part, name),
        "if": text_in(part, "if", name),
        "actions": [
            _action(action, part._replace(place=f"{part.place}.actions[{at}]"), name)
            for at, action in enumerate(actions)
        ],
    }


def switched_on(part: Part, name: str) -> bool:
    """Return whether something is enabled, as it is where the file does not say. Raises DestinationError."""
    if "enabled" in part.unknown:
        refuse(name, part.place, "enabled is known only after the plan is applied", "Apply it first.")
    enabled = part.value.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        refuse(name, part.place, "enabled is neither true nor false", "Write the file anew.")
    return enabled is not False


def hooks_left_out(settings: JsonObject) -> Iterator[str]:
    """Yield what a description of the classic Webhooks does not hold."""
    hooks = settings.get("hooks")
    found = [an_object(hook) for hook in hooks] if isinstance(hooks, list) else []
    urls = {url for hook in found if isinstance(url := hook.get("hook"), str) and url}
    if len(urls) > 1:
        yield f"It sends each call to {many(len(urls), 'URL')}: here it goes to one."
    headers = [an_object(header) for hook in found for header in _items(hook.get("headers"))]
    names = [short(key, _WIDEST) for header in headers if isinstance(key := header.get("key"), str) and key]
    if names:
        yield f"Headers of its own are left out: {', '.join(names[:10])}."


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _optional_text(part: Part, member: str) -> str:
    value = part.value.get(member)
    return value if isinstance(value, str) else ""


def _bare(root: Json) -> Json:
    """Return the mapping kit's root directive without what it replaces by the other fields: `mapping`."""
    return {
        directive: {key: inner for key, inner in value.items() if key != "mapping"}
        if isinstance(value, dict)
        else value
        for directive, value in an_object(root).items()
    }


def _left_out(settings: JsonObject) -> Iterator[str]:
    if not isinstance(settings.get("url", ""), str):
        yield "its url is worked out from each call: here all go to one."
    others = [field for field in settings if field not in _FIELDS | _BATCHING | {"url"}]
    if others:
        named = ", ".join(f'"{short(field, _WIDEST)}"' for field in others[:10])
        yield f"{named} left out, which Webhooks (Actions) does not have."


def _batch(settings: JsonObject, called: str, told: list[str]) -> JsonObject | None:
    """Return how webhooks are put together, or None where each is sent alone."""
    switch = settings.get("enable_batching")
    if switch is not True:
        if switch not in (None, False):
            told.append(f"{called}: enable_batching is neither true nor false: taken as false.")
        return None
    size, keys = settings.get("batch_size"), settings.get("batch_keys")
    batch: JsonObject = {"size": _USUAL}
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        batch["size"] = min(size, _MOST)
        if size > _MOST:
            told.append(f"{called}: batch_size is more than Segment's {_MOST}, which counts.")
    elif size not in (None, 0):
        told.append(f"{called}: batch_size is no number of webhooks: {_USUAL} counts.")
    if isinstance(keys, list):
        batch["keys"] = [key for key in keys if isinstance(key, str)]
    return batch


def _harmless(value: Json, gone: list[str]) -> Json:
    """Return headers, or a directive that makes them, without those that may let somebody in."""
    if isinstance(value, list):
        return [_harmless(item, gone) for item in value]
    if not isinstance(value, dict):
        return value
    kept: JsonObject = {}
    for header, inner in value.items():
        if _has_secret_name(header) or (_is_one(inner) and _has_secret(inner)):
            gone.append(short(header, _WIDEST))
        else:
            kept[header] = _harmless(inner, gone)
    return kept


def _has_secret_name(header: str) -> bool:
    letters = _NOT_LETTERS.sub("", header.lower())
    return is_secret(header) or letters.endswith(_SECRET_ENDINGS)


def _is_one(value: Json) -> bool:
    """Whether something is the value of one header, and not what several are made of."""
    if isinstance(value, dict):
        return any(key.startswith("@") for key in value)
    return not isinstance(value, list) or not any(isinstance(item, dict | list) for item in value)


def _has_secret(value: Json) -> bool:
    text = js_json.keep(value).decode()
    return bool(_SCHEME.search(text)) or without_secrets(text) != text


def _masked(value: Json) -> Json:
    """Return a value with **** in the place of each text with a URL that holds Pendo's key."""
    if isinstance(value, str):
        return "****" if _WITH_KEY in value else value
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {("****" if _WITH_KEY in key else key): _masked(inner) for key, inner in value.items()}
    return value


def _action(action: Json, part: Part, name: str) -> JsonObject:
    if not isinstance(action, dict):
        refuse(name, part.place, "an action is an object", "Write the file anew.")
    found = part._replace(value=action)
    kind = text_in(found, "type", name)
    if kind not in _ACTIONS:
        what = f"the type {short(kind, _WIDEST)} is not known here"
        refuse(name, part.place, what, f"Known are {', '.join(_ACTIONS)}.")
    described: JsonObject = {"type": kind}
    percent, path = action.get("percent"), action.get("path")
    if percent is not None:
        if isinstance(percent, bool) or not isinstance(percent, int | float):
            refuse(name, part.place, "percent is no number", "It is a number from 0 to 1.")
        described["percent"] = percent
    if path is not None:
        described["path"] = text_in(found, "path", name)
    if action.get("fields") is not None:
        fields = object_in(found, "fields", name)
        if not all(_are_texts(names) for names in fields.values()):
            refuse(name, part.place, "fields holds no lists of names", 'It looks like {"traits": ["email"]}.')
        described["fields"] = fields
    return described


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
