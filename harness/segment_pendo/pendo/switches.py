"""What Pendo publishes nowhere, as named switches (facts section 9).

The default is the reading with the best evidence. `probe` asks a Pendo; where somebody with a subscription
has done so, the answer is known, and the default follows it.
"""

from dataclasses import dataclass
from typing import Final

from segment_pendo.base.switch import settings, switch, table

__all__ = ["DEFAULT", "PendoSwitches", "spoken"]


@dataclass(frozen=True, slots=True)
class PendoSwitches:
    """How we assume that Pendo reads a webhook.

    The switches change the effect and the loopback Pendo, never a webhook.
    """

    anonymous: str = switch(
        "What does Pendo make of an identify call without a userId?",
        {
            "nothing": "nothing",
            "visitor": "a visitor named _PENDO_T_ and the anonymousId, as device mode does",
        },
        "1.38",
    )
    group_visitor: str = switch(
        "Does a group call join its user to the account?",
        {"joined": "yes, as in device mode", "ignored": "no, it makes the account only"},
        "1.52",
    )
    identify_account: str = switch(
        "Does the groupId of an identify call (in context, or beside userId) join the visitor to "
        "that account?",
        {"ignored": "no", "joined": "yes, as in device mode"},
        "1.40",
    )
    absent_traits: str = switch(
        "What becomes of a field that a later call leaves out?",
        {"kept": "it keeps its value", "removed": "it is removed: a call's traits replace the record's"},
        "1.36",
    )
    null: str = switch(
        "What does null do to a field?",
        {"stored": "it becomes the value", "removed": "the field is removed", "ignored": "nothing"},
        "3.09",
    )
    empty: str = switch(
        "What does an empty text do to a field?",
        {"stored": "it becomes the value", "removed": "the field is removed", "ignored": "nothing"},
        "3.10",
    )
    nested: str = switch(
        "What becomes of a trait that is an object?",
        {
            "ignored": "nothing, as in the agent",
            "underscore": "its parts become fields, named like address_city",
            "dot": "its parts become fields, named like address.city",
        },
        "3.20",
    )
    list: str = switch(
        "What becomes of a trait that is a list?",
        {"kept": "a list of its scalars", "text": "one text, joined by commas", "ignored": "nothing"},
        "3.04",
    )
    key_case: str = switch(
        "How are keys of metadata spelled?",
        {"lower": "in lower case, as in the agent", "sent": "as sent"},
        "3.31",
    )
    same_key: str = switch(
        "Which value is kept where two keys of one call become the same?",
        {"last": "the last in the order of the call", "first": "the first"},
        "3.31",
    )
    id_check: str = switch(
        "Does Pendo refuse ids from a webhook that its agent refuses?",
        {
            "agent": "yes: blank ids, ::, and the placeholder",
            "none": "no, any text that is not empty is an id",
        },
        "4.2.1",
    )
    long_id: str = switch(
        "What becomes of a visitor ID longer than 128 bytes?",
        {"cut": "it is cut, as documented", "kept": "it is kept whole"},
        "4.1.2",
    )
    other_types: str = switch(
        "What does Pendo make of page, screen and alias?",
        {"ignored": "nothing", "visitor": "the visitor is made"},
        "1.21",
    )
    track_group: str = switch(
        "Is properties.groupId of a track call also a property of the event?",
        {"kept": "yes", "moved": "no, it is the account only"},
        "1.63",
    )
    array_body: str = switch(
        "What does Pendo make of an array of events?",
        {"read": "it reads each event by itself", "ignored": "nothing"},
        "1.12",
    )
    repeats: str = switch(
        "What does Pendo do with a messageId that came before?",
        {"read": "it reads the webhook like any other", "dropped": "it ignores it"},
        "1.16",
    )
    eventless: str = switch(
        "Can a visitor without any track event be read back?",
        {"shown": "yes", "hidden": "no, it is not found"},
        "6.04",
    )
    methods: str = switch(
        "Which methods does the URL of the webhook take?",
        {"post": "POST; others are answered 405", "any": "POST, PUT and PATCH"},
        "1.06",
    )
    size_limit: str = switch(
        "How large may a webhook be?",
        {"1_mib": "1 MiB; 413 above", "none": "as large as the door takes (10 MiB)"},
        "1.15",
    )
    answer: str = switch(
        "How does Pendo answer a webhook that it ignores?",
        {"silent": "200, like any other", "strict": "400"},
        "1.70",
    )


DEFAULT: Final = PendoSwitches()


def spoken(rule: str, switches: PendoSwitches) -> str | None:
    """Return what a switch that is not at its default says instead of a rule; None where no switch does.

    The text is `assumed NAME=VALUE: what that means`.
    """
    chosen = settings(switches)
    for entry in table(switches) if chosen else ():
        if entry.name in chosen and rule in entry.rules:
            value = chosen[entry.name]
            return f"assumed {entry.name}={value}: {entry.values[value]}"
    return None
