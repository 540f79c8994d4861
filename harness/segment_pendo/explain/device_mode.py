"""What Segment's browser destinations for Pendo do with a call, beside the webhook.

Together they may make two records of one person or account: this says where.

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
    """What a browser destination sends to Pendo's agent.

    `sent` is false where it sends nothing; `why` then says why.
    """

    sent: bool
    visitor: str | None = None
    account: str | None = None
    event: str | None = None
    why: str = ""

    def row(self) -> JsonObject:
        """Return this as a part of a row."""
        return {
            "sent": self.sent,
            "visitor": self.visitor,
            "account": self.account,
            "event": self.event,
            "why": self.why,
        }


def device(call: Json, kind: str | None, destination: str) -> Device:
    """Return what one of the two destinations (a key of TITLES) makes of a call of this type.

    Never raises, whatever the JSON.
    """
    data = call if isinstance(call, dict) else {}
    read = {"identify": _identify, "group": _group, "track": _track}.get(kind or "")
    if read is None:
        types = "identify, group and track" if destination == "actions" else "identify and group"
        return Device(sent=False, why=f"it sends {types} only")
    return read(data, destination)


def _identify(data: JsonObject, destination: str) -> Device:
    user = data.get("userId")
    if user is None and destination == "actions":
        return Device(sent=False, why="it needs a userId")
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
        return Device(sent=False, why=f"it needs a {'userId' if user is None else 'groupId'}")
    traits = data.get("traits")
    parent = _parent(traits, destination) if isinstance(traits, dict) else None
    # Only the classic destination comes here without a groupId: it lays the traits over the id.
    if group is None and isinstance(traits, dict):
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
    """Return an account's id, after its parent's id and :: where it holds no :: itself (pendo 4.1.7)."""
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
            sent=False, why="it sends no track calls" if destination == "classic" else "it needs an event"
        )
    return Device(sent=True, visitor=_visitor(data, destination), event=event)


# --- beside the webhook ---


def compared_row(judged: Judged, setup: Setup) -> JsonObject:
    """Return what `explain --compare-device` adds to a row."""
    both = {name: device(judged.call.data, judged.call.type, name) for name in TITLES}
    rows: JsonObject = {name: web.row() | {"says": sentence(web, name)} for name, web in both.items()}
    splits: Json = list(_splits(judged, both, effect_of(judged, setup) or Effect()))
    return {"device": rows | {"splits": splits}}


def sentence(web: Device, destination: str) -> str:
    """Return what a browser destination does, as a sentence."""
    title = TITLES[destination]
    if not web.sent:
        return f"In the browser {title} sends nothing: {web.why}."
    if web.event is not None:
        return f"In the browser {title} sends the track event {plain(web.event)} of {_who(web.visitor)}."
    where = f", in account {plain(web.account)}" if web.account is not None else ""
    return (
        f"In the browser {title} makes {_who(web.visitor)}{where}; metadata goes to the group agent, not "
        "to segment.io."
    )


def _who(visitor: str | None) -> str:
    return _OWN if visitor == _OWN else f"visitor {plain(visitor)}"


def _splits(judged: Judged, both: dict[str, Device], hook: Effect) -> Iterator[str]:
    """Yield what would be there twice if the webhook and a browser destination are both on."""
    actions = both["actions"]
    if actions.event is not None and hook.event is not None:
        yield (
            f"The track event {plain(actions.event)} would count twice: switch off Send Track Events in "
            f"{TITLES['actions']}."
        )
        return
    for name, web in both.items():
        title = TITLES[name]
        if not web.sent:
            continue
        if web.visitor is not None and hook.visitor_id is None and judged.call.type == "identify":
            yield (
                f"{title} makes {_who(web.visitor)}, the webhook makes none: no visitor that both know has "
                "the traits."
            )
        elif web.visitor is not None and hook.visitor_id is not None and web.visitor != hook.visitor_id:
            yield (
                f"Two visitors: {plain(web.visitor)} from {title}, {plain(hook.visitor_id)} from the webhook."
            )
        if web.account is not None and hook.account_id is not None and web.account != hook.account_id:
            yield (
                f"Two accounts: {plain(web.account)} from {title}, {plain(hook.account_id)} from the webhook."
            )
        elif web.account is not None and hook.account_id is None:
            yield (
                f"{title} puts the visitor into account {plain(web.account)}, the webhook does not: send "
                "a group call."
            )
    if judged.call.type == "group" and hook.account_id is not None and not actions.sent:
        yield (
            f"The webhook makes account {plain(hook.account_id)}, {TITLES['actions']} does not: "
            f"{actions.why}."
        )
