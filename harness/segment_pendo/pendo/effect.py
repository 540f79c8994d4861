"""What Pendo makes of one webhook by itself: which visitor, account and fields (facts 1.3 to 1.6)."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from segment_pendo.pendo import ids
from segment_pendo.pendo.age import OLDEST, age
from segment_pendo.pendo.metadata import Field, fields
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Json, JsonObject, made_often

__all__ = ["Effect", "Id", "Update", "effect", "hinted_group", "is_anonymous", "updates"]


@made_often
class Id:
    """An id as Pendo takes it; `value` is None where it takes none.

    `path` is where the id stood in the call; `rule` (of RULES) says why it is taken or not.
    """

    path: tuple[str, ...]
    value: str | None
    rule: str


@made_often
class Effect:
    """What Pendo makes of one webhook.

    `fields` are metadata of the visitor (identify) or the account (group), as `owner` says. `joins`: the
    visitor is joined to the account. `event` names a track event. `nothing`: where Pendo ignores the whole
    webhook, the rule that says so.
    """

    visitor: Id | None = None
    account: Id | None = None
    fields: tuple[Field, ...] = ()
    joins: bool = False
    owner: Literal["visitor", "account"] = "visitor"
    event: str | None = None
    properties: Json = None
    nothing: str | None = None

    @property
    def visitor_id(self) -> str | None:
        """Return the visitor's id, or None where there is no visitor."""
        return self.visitor.value if self.visitor else None

    @property
    def account_id(self) -> str | None:
        """Return the account's id, or None where there is no account."""
        return self.account.value if self.account else None


class Update(NamedTuple):
    """What an effect does to one record of a kind.

    It sets (or removes) `fields`; where it `replaces`, every other field is removed. `joins` is the account
    that a visitor is joined to. `visits`: it is a track event of this visitor.
    """

    kind: ids.Kind
    id: str
    fields: tuple[Field, ...] = ()
    replaces: bool = False
    joins: str | None = None
    visits: bool = False


def updates(effect: Effect, switches: PendoSwitches = DEFAULT) -> Iterator[Update]:
    """Yield what an effect does to each record that it names.

    A call that only names a record, whose traits are another's, changes none of its fields.
    """
    visitor, account = effect.visitor_id, effect.account_id
    if effect.nothing is not None:
        return
    if effect.event is not None:
        yield Update("visitor", visitor or "", visits=True)
        return
    replaces = switches.absent_traits == "removed"  # 1.36
    if account is not None:
        own = effect.owner == "account"
        yield Update("account", account, effect.fields if own else (), own and replaces)
    if visitor is not None:  # 1.58: also by a group call
        own = effect.owner == "visitor"
        joins = account if effect.joins else None
        yield Update("visitor", visitor, effect.fields if own else (), own and replaces, joins)


type _Fields = Callable[[Json, PendoSwitches], tuple[Field, ...]]


def effect(
    event: Json, switches: PendoSwitches = DEFAULT, *, track: bool = True, fields: _Fields = fields
) -> Effect:
    """Return the effect of one event. Never raises, whatever the JSON.

    `track`: the subscription has the setting for track calls (1.60). `fields` makes those of the traits that
    are kept.
    """
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(kind, str):
        return Effect(nothing="1.20")
    if kind == "identify":
        return _identify(event, switches, fields)
    if kind == "group":
        return _group(event, switches, fields)
    if kind == "track":
        return _track(event, switches) if track else Effect(nothing="1.60")
    if kind in {"page", "screen", "alias"} and switches.other_types == "visitor":
        visitor = _id(event, "userId", "visitor", switches)
        return Effect(visitor, nothing=visitor.rule if visitor.value is None else None)
    return Effect(nothing="1.21")


_TAKEN: Final = {"userId": "1.30", "groupId": "1.50"}


def _id(  # 1.39: from userId and groupId alone
    event: JsonObject, key: str, kind: ids.Kind, switches: PendoSwitches, *, absent: str = "1.38"
) -> Id:
    value = event.get(key)
    if isinstance(value, str) and ids.PLAIN[value]:
        return Id((key,), value, _TAKEN[key])
    if ids.is_absent(value):
        return Id((key,), None, absent)
    refused = ids.refusal(value, kind, switches)
    if refused:
        return Id((key,), None, refused)
    taken = ids.effective(value, kind, switches)
    if not isinstance(value, str):
        return Id((key,), taken, "4.2.2")
    return Id((key,), taken, "4.1.2" if taken != value else _TAKEN[key])


def _identify(event: JsonObject, switches: PendoSwitches, fields: _Fields) -> Effect:
    if is_anonymous(event, switches):
        anonymous = ids.effective(f"{ids.ANONYMOUS_PREFIX}{event['anonymousId']}", "visitor", switches)
        visitor = Id(("anonymousId",), anonymous, "1.38")
    else:
        visitor = _id(event, "userId", "visitor", switches)
    if visitor.value is None:
        return Effect(visitor, fields=_lost(event, visitor.rule), nothing=visitor.rule)
    account = _hinted(event, switches) if switches.identify_account == "joined" else None
    return Effect(visitor, account, fields(event.get("traits"), switches), joins=account is not None)


def is_anonymous(event: JsonObject, switches: PendoSwitches) -> bool:
    """Whether an identify call makes an anonymous visitor from its anonymousId (1.38)."""
    if switches.anonymous != "visitor" or not ids.is_absent(event.get("userId")):
        return False
    anonymous = event.get("anonymousId")
    return isinstance(anonymous, str) and bool(anonymous)


def hinted_group(event: JsonObject) -> tuple[tuple[str, ...], Json]:
    """Return path and value of an identify call's account (1.40).

    As in device mode, it is context.groupId, else groupId.
    """
    context = event.get("context")
    inner = context.get("groupId") if isinstance(context, dict) else None
    return (("context", "groupId"), inner) if inner is not None else (("groupId",), event.get("groupId"))


def _hinted(event: JsonObject, switches: PendoSwitches) -> Id | None:
    path, value = hinted_group(event)
    taken = ids.effective(value, "account", switches)
    return Id(path, taken, "1.40") if taken is not None else None


def _group(event: JsonObject, switches: PendoSwitches, fields: _Fields) -> Effect:
    account = _id(event, "groupId", "account", switches, absent="1.54")
    visitor = _id(event, "userId", "visitor", switches, absent="1.53")
    if account.value is None:
        return Effect(visitor, account, _lost(event, account.rule), owner="account", nothing=account.rule)
    joins = visitor.value is not None and switches.group_visitor == "joined"
    return Effect(
        visitor if joins else Id(visitor.path, None, visitor.rule),
        account,
        fields(event.get("traits"), switches),
        joins,
        "account",
    )


def _track(event: JsonObject, switches: PendoSwitches) -> Effect:
    name, properties = event.get("event"), event.get("properties")
    visitor = _id(event, "userId", "visitor", switches, absent="1.66")
    before = age(event)
    if before is not None and before > OLDEST:
        return Effect(visitor, nothing="2.13")
    if visitor.value is None or not isinstance(name, str) or not name:
        return Effect(visitor, nothing=visitor.rule if visitor.value is None else "1.61")
    account = None
    if isinstance(properties, dict):
        taken = ids.effective(properties.get("groupId"), "account", switches)
        account = Id(("properties", "groupId"), taken, "1.62") if taken is not None else None
        if switches.track_group == "moved":
            properties = {key: value for key, value in properties.items() if key != "groupId"}
    return Effect(visitor, account, event=name, properties=properties)


def _lost(event: JsonObject, rule: str) -> tuple[Field, ...]:
    """Return the traits of a call as lost: there is no record to keep them in."""
    traits = event.get("traits")
    return (
        tuple(Field((key,), None, value, rule) for key, value in traits.items())
        if isinstance(traits, dict)
        else ()
    )
