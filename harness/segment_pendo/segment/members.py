"""The members of an event: who makes each, its short word, the rule behind it.

It is one table; every list of members that another file needs is made from it.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

__all__ = [
    "ACCOUNT_IDS",
    "BY_SDKS",
    "BY_SERVERS",
    "CHAIN",
    "MEMBERS",
    "PERSON_IDS",
    "RULE_OF",
    "RULE_WHERE_ABSENT",
    "TIMES",
    "VARYING",
    "WORD_OF",
]


class Member(NamedTuple):
    """One member of an event.

    `rule`: the rule that makes or keeps its value in a message; '' where it passes as sent (W-20). `absent`:
    the rule that makes it where a call does not have it. `word`: its name where calls are named or expected.
    `of`: whose id it is. `by`: who makes it new for each call, the SDK, the server or both. `varies`: it
    differs between two runs of the same code. `time`: it is a time.
    """

    name: str
    rule: str = ""
    absent: str = ""
    word: str = ""
    of: Literal["", "person", "account"] = ""
    by: Literal["", "sdk", "server", "both"] = ""
    varies: bool = False
    time: bool = False


MEMBERS: Final = (
    Member("type", rule="S-6"),
    Member("userId", word="user", of="person"),
    Member("anonymousId", word="anonymous", of="person"),
    Member("previousId", word="previous", of="person"),
    Member("groupId", word="group", of="account"),
    Member("event", word="event"),
    Member("name", word="name"),
    Member("traits", word="traits"),
    Member("properties", word="properties"),
    Member("context", rule="S-2", absent="S-10"),
    Member("integrations", rule="N-11", absent="S-10"),
    Member("messageId", rule="S-5", by="sdk", varies=True),
    Member("timestamp", rule="T-3", absent="T-7", by="sdk", varies=True, time=True),
    Member("sentAt", rule="T-5", by="sdk", varies=True, time=True),
    Member("originalTimestamp", rule="T-1", by="server", varies=True, time=True),
    Member("receivedAt", rule="S-7", by="server"),
    Member("channel", rule="M-12", by="both"),
    Member("version", rule="M-11", by="server"),
    Member("projectId", rule="S-9", by="server"),
    Member("writeKey", rule="S-4", by="both"),
    Member("_metadata", by="sdk", varies=True),
)


def _names(wanted: Callable[[Member], bool]) -> frozenset[str]:
    return frozenset(member.name for member in MEMBERS if wanted(member))


RULE_OF: Final = {member.name: member.rule for member in MEMBERS if member.rule}
RULE_WHERE_ABSENT: Final = RULE_OF | {member.name: member.absent for member in MEMBERS if member.absent}
WORD_OF: Final = {member.name: member.word for member in MEMBERS if member.word}
PERSON_IDS: Final = _names(lambda member: member.of == "person")
ACCOUNT_IDS: Final = _names(lambda member: member.of == "account")
# What an SDK makes itself, and so makes new where a call is sent again.
BY_SDKS: Final = _names(lambda member: member.by in {"sdk", "both"})
# What Segment's servers put into an event, and so what its archives hold besides what was sent.
BY_SERVERS: Final = _names(lambda member: member.by in {"server", "both"})
VARYING: Final = _names(lambda member: member.varies)
TIMES: Final = _names(lambda member: member.time)
# The chain in which a webhook waits is that of the first of these that its call has.
CHAIN: Final = ("userId", "anonymousId", "groupId")
