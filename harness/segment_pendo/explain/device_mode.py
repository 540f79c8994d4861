"""What Segment's browser destinations for Pendo do with a call, and where that and the webhook make two
records of one person or account.

Facts P-7 (Pendo Web (Actions)) and P-8 (classic Pendo of Analytics.js), both Segment's published code; what
Pendo's agent then does with ids is its own (`pendo/ids.py`). What only a page knows (its remembered user, its
group) is not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from segment_pendo.base.prose import plain
from segment_pendo.mapping.assess import effect_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import ids
from segment_pendo.pendo.effect import Effect, hinted_group
from segment_pendo.words import Json, JsonObject, Judged

__all__ = ["TITLES", "Device", "compared_row", "device", "sentence"]

TITLES: Final = {"actions": "Pendo Web (Actions)", "classic": "the classic Pendo destination"}
_OWN: Final = "an anonymous visitor of the agent's own"


@dataclass(frozen=True, slots=True)
class Device:
    """What the agent in the browser is told.

    `sent` is false where the destination sends nothing, `why` then says why.
    """

    sent: bool
    visitor: str | None = None
    account: str | None = None
    event: str | None = None
    why: str = ""

    def row(self) -> JsonObject:
        return {
            "sent": self.sent,
            "visitor": self.visitor,
            "account": self.account,
            "event": self.event,
            "why": self.why,
        }


def device(call: Json, kind: str | None, destination: str) -> Device:
    """What one of the two destinations (a key of TITLES) makes of a call of this type.

    Never raises, whatever the JSON.
    """
    data = call if isinstance(call, dict) else {}
    made = {"identify": _identify, "group": _group, "track": _track}.get(kind or "")
    if made is None:
        types = "identify, group and track" if destination == "actions" else "identify and group"
        return Device(sent=False, why=f"it sends {types} only")
    return made(data, destination)


def _identify(data: JsonObject, destination: str) -> Device:
    user = data.get("userId")
    if user is None and destination == "actions":
        return Device(sent=False, why="it asks for a userId")
    visitor = _visitor(data, destination)
    _, account = hinted_group(data)
    # The classic one takes the group that the page remembers, which is not in the call.
    return Device(
        sent=True, visitor=visitor, account=_account(account, None) if destination == "actions" else None
    )


def _visitor(data: JsonObject, destination: str) -> str | None:
    user, anonymous = data.get("userId"), data.get("anonymousId")
    if user is not None:
        return ids.effective(user, "visitor") or _OWN
    traits = data.get("traits")
    named = traits.get("id") if isinstance(traits, dict) and destination == "classic" else None
    if named is not None:  # there the traits are laid over the id
        return ids.effective(named, "visitor") or _OWN
    return f"{ids.ANONYMOUS_PREFIX}{anonymous}" if isinstance(anonymous, str) else _OWN


def _group(data: JsonObject, destination: str) -> Device:
    user, group = data.get("userId"), data.get("groupId")
    if destination == "actions" and (user is None or group is None):
        return Device(sent=False, why=f"it asks for a {'userId' if user is None else 'groupId'}")
    traits = data.get("traits")
    parent = _parent(traits, destination) if isinstance(traits, dict) else None
    if group is None and isinstance(
        traits, dict
    ):  # only the classic one comes here: it lays the traits over the id
        group = traits.get("id")
    # Its visitor is the user that the page remembers; the call names the same one, or nobody.
    return Device(
        sent=True, visitor=_visitor({**data, "traits": None}, destination), account=_account(group, parent)
    )


def _parent(traits: JsonObject, destination: str) -> Json:
    for key, value in traits.items():
        if key == "parentAccount" or (
            destination == "classic" and "".join(filter(str.isalnum, key)).lower() == "parentaccount"
        ):
            return value.get("id") if isinstance(value, dict) else None
    return None


def _account(value: Json, parent: Json) -> str | None:
    """The agent puts the parent's id and :: before an account's id that holds none (pendo 4.1.7)."""
    account, above = ids.effective(value, "account"), ids.effective(parent, "account")
    return (
        f"{above}::{account}"
        if account is not None and above is not None and "::" not in account
        else account
    )


def _track(data: JsonObject, destination: str) -> Device:
    event = data.get("event")
    if destination == "classic" or not isinstance(event, str):
        return Device(
            sent=False, why="it sends no track calls" if destination == "classic" else "it asks for an event"
        )
    return Device(sent=True, visitor=_visitor(data, destination), event=event)


# --- beside the webhook ---


def compared_row(judged: Judged, setup: Setup) -> JsonObject:
    """What `explain --compare-device` adds to a row."""
    both = {name: device(judged.call.data, judged.call.type, name) for name in TITLES}
    rows: JsonObject = {name: one.row() | {"says": sentence(one, name)} for name, one in both.items()}
    found: Json = list(_splits(judged, both, effect_of(judged, setup) or Effect()))
    return {"device": rows | {"splits": found}}


def sentence(one: Device, destination: str) -> str:
    """What a browser destination does, in words."""
    title = TITLES[destination]
    if not one.sent:
        return f"In the browser {title} sends nothing: {one.why}."
    if one.event is not None:
        return f"In the browser {title} sends the track event {plain(one.event)} of {_who(one.visitor)}."
    where = f", in account {plain(one.account)}" if one.account is not None else ""
    return (
        f"In the browser {title} makes {_who(one.visitor)}{where}; metadata goes to the group agent, not "
        "segment.io."
    )


def _who(visitor: str | None) -> str:
    return _OWN if visitor == _OWN else f"visitor {plain(visitor)}"


def _splits(judged: Judged, both: dict[str, Device], hook: Effect) -> Iterator[str]:
    """Where visitors or accounts would be two, or events counted twice, if webhook and Pendo Web (Actions)
    are both on.
    """
    web = both["actions"]
    if web.event is not None and hook.event is not None:
        yield (
            f"The track event {plain(web.event)} would count twice: switch off Send Track Events in "
            f"{TITLES['actions']}."
        )
        return
    for name, one in both.items():
        title = TITLES[name]
        if not one.sent:
            continue
        if one.visitor is not None and hook.visitor_id is None and judged.call.type == "identify":
            yield (
                f"{title} makes {_who(one.visitor)}, the webhook none: the traits are on no visitor that "
                "both know."
            )
        elif one.visitor is not None and hook.visitor_id is not None and one.visitor != hook.visitor_id:
            yield f"Two visitors: {plain(one.visitor)} by {title}, {plain(hook.visitor_id)} by webhook."
        if one.account is not None and hook.account_id is not None and one.account != hook.account_id:
            yield f"Two accounts: {plain(one.account)} by {title}, {plain(hook.account_id)} by webhook."
        elif one.account is not None and hook.account_id is None:
            yield (
                f"{title} puts the visitor into account {plain(one.account)}, the webhook does not: send "
                "a group call."
            )
    if judged.call.type == "group" and hook.account_id is not None and not web.sent:
        yield f"The webhook makes account {plain(hook.account_id)}, {TITLES['actions']} does not: {web.why}."
