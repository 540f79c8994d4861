"""Pendo's own browser agent (npm @pendo/agent in jsdom, tests/oracles) as something to ask, and our view of
the same.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from node_process import NodeProcess
from strategies import json_texts, key_texts

from segment_pendo.base import js_json
from segment_pendo.pendo import findings, ids
from segment_pendo.pendo.metadata import fields
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.words import Json, JsonObject

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "pendo-agent.jsonl"
PROGRAM = "pendo.cjs"
# The agent puts these beside the metadata that it is given.
_OWN_KEYS = {"id", "language"}
# The agent keeps long ids whole; that they are cut is Pendo's servers' doing, by its documents.
_SWITCHES = PendoSwitches(long_id="kept")


class PendoAgent(NodeProcess):
    """The agent; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Its verdict on each text {"visitor": {"id", ...}, "account": {"id", ...}}."""
        return self.answers(texts)


def ours(text: str) -> dict[str, Any]:
    """The same verdict by our rules."""
    value: Any = js_json.read(text.encode()).value
    visitor, account = value["visitor"], value["account"]
    told = {kind: ids.examine(value[kind].get("id"), kind, "$") for kind in ("visitor", "account")}
    anonymous = ids.effective(visitor.get("id"), "visitor", _SWITCHES)
    return {
        "visitorId": ids.effective(visitor.get("id"), "visitor", _SWITCHES),
        "accountId": ids.effective(account.get("id"), "account", _SWITCHES),
        "exampleAccount": any(one.code == "ID_PLACEHOLDER" for one in told["account"]),
        "anonymous": anonymous is None or anonymous.startswith(ids.ANONYMOUS_PREFIX),
        "visitor": _about(visitor),
        # An account whose id it refuses is none to the agent, with all its metadata.
        "account": _about({} if "id" in account and ids.refusal(account["id"], "account") else account),
    }


def _about(metadata: JsonObject) -> dict[str, list[str]]:
    traits: JsonObject = {key: value for key, value in metadata.items() if key != "id"}
    taken = fields(traits, _SWITCHES)
    found = findings.examine({"type": "identify", "userId": "u", "traits": traits})
    collisions = {str(_last(one.path)).lower() for one in found if one.code == "KEY_CASE_COLLISION"}
    ignored = {str(one.path[0]) for one in taken if one.rule == "3.20"}
    holding = {str(one.path[0]) for one in taken if one.rule == "3.21"}
    nested = {one.path for one in found if one.code == "NESTED_IGNORED"}
    assert len(nested) == sum(one.rule in {"3.20", "3.21"} for one in taken)  # what is said is what is done
    return {"conflicts": sorted(collisions), "ignored": sorted(ignored), "holding": sorted(holding)}


def _last(path: str) -> Json:
    return json.loads(path[len("$.traits") + 1 : -1]) if path.endswith("]") else path.rpartition(".")[2]


def tidied(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict of the agent, its lists in order."""
    assert "error" not in verdict, verdict
    about = {
        kind: {name: sorted(names) for name, names in verdict[kind].items()}
        for kind in ("visitor", "account")
    }
    return {**verdict, **about}


def _object(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{key}:{value}" for key, value in members) + "}"


ODD_IDS = (
    '"VISITOR-UNIQUE-ID"', '"ACCOUNT-UNIQUE-ID"', '"::"', '"a::b"', '""', '" "', '"\\t\\n"', '"\\ufeff"',
    '"\\u0085"', '"\\u001f"', '" a"',
    '"a "', '"null"', '"undefined"', '"_PENDO_T_abc"', "true", "false", "null", "0", "-0", "123", "1.50",
    "1e21", "{}", "[]", '["a"]',
    '"' + "a" * 129 + '"', '"' + "\\u00e9" * 65 + '"', '"\\ud83d"', '"Ann"', '"\\u180e"', '"\\u2003"',
)  # fmt: skip
_MORE_KEYS = (
    '"PLAN"',
    '"Plan"',
    '"plan"',
    '"\\u0130"',
    '"\\u03a3"',
    '"\\u03c3"',
    '"a b"',
    '"\\u00df"',
    '"a]"',
    '"a.b"',
)


def _is_ours_alone(key: str) -> bool:
    text = json.loads(key)
    return text.lower() not in _OWN_KEYS and text != "__proto__"  # the second is lost at Segment


def _either(one: st.SearchStrategy[str], other: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # Half and half: `|` would give each alternative within `other` as much as all of `one`.
    return st.booleans().flatmap(lambda first: one if first else other)


def case_texts() -> st.SearchStrategy[str]:
    """Visitor and account with any id (or none) and any metadata, as JSON texts."""
    keys = _either(st.sampled_from(_MORE_KEYS), key_texts).filter(_is_ours_alone)
    # What JavaScript reads as Infinity, a webhook holds as null: no case that both sides can see.
    some_ids = _either(st.sampled_from(ODD_IDS), json_texts).filter(
        lambda text: json.loads(text) not in (math.inf, -math.inf)
    )
    members = st.tuples(
        st.lists(st.tuples(st.just('"id"'), some_ids), max_size=1),
        st.lists(st.tuples(keys, json_texts), max_size=5),
    )
    one = members.map(lambda parts: _object([*parts[0], *parts[1]]))
    return st.tuples(one, one).map(lambda pair: _object([('"visitor"', pair[0]), ('"account"', pair[1])]))
