"""What Segment's sources leave open, as named switches (facts section 9).

The default is the reading with the best evidence.
"""

from dataclasses import dataclass
from typing import Final

from segment_pendo.base.switch import switch

__all__ = ["DEFAULT", "Switches"]


@dataclass(frozen=True, slots=True)
class Switches:
    """How the silent and contradictory rules of Segment are read."""

    context_merge: str = switch(
        "Which wins where a batch and its item both have context or integrations, and how deep are they "
        "merged?",
        {
            "item": "the item, objects are merged at every level",
            "item_shallow": "the item, only the top-level keys of the two objects are merged",
            "batch": "the batch, objects are merged at every level",
        },
        "S-2",
    )
    ip: str = switch(
        "For which calls does Segment fill context.ip?",
        {
            "device": "context.direct, Analytics.js, and batches of libraries that run on devices",
            "direct": "context.direct and Analytics.js only",
            "always": "every call without one",
            "never": "none",
        },
        "S-11",
    )
    write_key: str = switch(
        "Which write key counts when the body and the Authorization header have different ones?",
        {"body": "the body's", "header": "the header's"},
        "I-21",
    )
    no_sent_at: str = switch(
        "What does timestamp become when a single call has a timestamp but no sentAt?",
        {"original": "the client's timestamp", "received": "the time of receipt"},
        "T-8",
    )
    large_item: str = switch(
        "What is lost when one item of a batch is larger than 32 KB?",
        {"item": "that item, after a 200", "request": "the whole request, with a 400"},
        "I-42",
    )
    surplus: str = switch(
        "What is lost when a batch has more than 2,500 items?",
        {"batch": "the whole batch", "rest": "the items after the first 2,500"},
        "I-43",
    )
    key_order: str = switch(
        "In which order do the keys of a webhook's body come?",
        {
            "sent": "as sent, then the keys that the server makes",
            "sorted": "sorted at every level, as published payloads look",
        },
        "S-18",
    )
    bad_shape: str = switch(
        "How is JSON of the wrong shape answered: a body that is not an object, a batch that is not a list?",
        {"refused": "400", "accepted": "200, and dropped"},
        "I-36",
    )
    empty_batch: str = switch(
        "How is an empty batch answered?",
        {"accepted": "200, and dropped", "refused": "400"},
        "I-50",
    )
    empty_id: str = switch(
        "What does an empty userId or anonymousId mean where the other of the two ids is there?",
        {
            "absent": "the empty id counts as absent, as Segment's view of deliveries shows it",
            "dropped": "the call is dropped, as the documentation literally says",
        },
        "I-54",
        "I-65",
    )
    long_message_id: str = switch(
        "What becomes of a call whose messageId is longer than 100 characters?",
        {"delivered": "it is delivered", "dropped": "it is dropped"},
        "I-44",
    )
    type_conflict: str = switch(
        "Which type counts when the path and the body of a single call differ?",
        {"path": "the path's", "body": "the body's"},
        "S-6",
    )
    channel: str = switch(
        "Which words does channel use?",
        {
            "observed": "client and server, as in published payloads",
            "documented": "browser, mobile and server, as in the specification",
        },
        "M-12",
    )
    name_conflict: str = switch(
        "Is the destination on when its two names in integrations disagree?",
        {"off": "no", "on": "yes"},
        "N-6",
    )
    classic_dates: str = switch(
        "Does the classic Webhooks destination rewrite texts that look like dates?",
        {"as_sent": "no", "rewritten": "yes, as Segment's library facade does"},
        "W-7",
    )
    trigger_sees: str = switch(
        "Does a mapping's trigger see the event before the insert function, or what the function returned?",
        {
            "returned": "what the function returned",
            "sent": "the event before the function, which is run only where a trigger selects it",
        },
        "D-56",
    )
    filter_engine: str = switch(
        "Which of Segment's two engines runs a destination's filters?",
        {
            "published": "the one whose code is published (tsub, for browsers): what is missing is no null",
            "documented": "the servers', as the documentation describes it: what is missing is null",
        },
        "D-35",
    )
    sample_hash: str = switch(
        "By which hash of the value at its path does a sample choose the events that it sends on?",
        {
            "share": "one that keeps the filter's share of all values, as the published code's comments say",
            "published": "the published code's own, which keeps another share",
        },
        "D-31",
    )
    sample: str = switch(
        "What becomes of a call of which a filter sends on a share that is drawn by lot?",
        {
            "kept": "it is sent on",
            "dropped": "it is dropped",
            "message_id": "that depends on its messageId, so that the share comes out",
        },
        "D-31",
    )
    consent_empty: str = switch(
        "Does a call with an empty consent object and an integrations object reach a destination that has "
        "consent categories?",
        {
            "blocked": "no: every category counts as refused",
            "delivered": "yes, unless the integrations object turns the destination off",
        },
        "D-43",
    )


DEFAULT: Final = Switches()
