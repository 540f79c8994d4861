"""Why a user or a trait is, or is not, in Pendo: each reason, with its verdict and its evidence."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from destinations import IDENTIFY, TWO, WHOLE, setup_of

from segment_pendo.base.times import parse
from segment_pendo.explain.why.answers import Answer, answer
from segment_pendo.explain.why.traces import Delivery, Seen
from segment_pendo.explain.why.whys import Question, Whys
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.ids import Kind
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.segment.functions import Returned
from segment_pendo.words import Json

AT: Any = parse("2024-05-09T10:00:00Z")


def ask(
    calls: list[Any],
    id: str,
    trait: str | None = None,
    kind: Kind = "visitor",
    *,
    setup: Setup | None = None,
    deliveries: Mapping[int, Delivery] | None = None,
) -> Answer:
    """Ask about calls, of which `deliveries` says how those on some lines were delivered."""
    whys = Whys(Question(kind, id, trait))
    data = "\n".join(json.dumps(call) for call in calls).encode()
    for item in mapped(data, Options(AT, setup or Setup())):
        if isinstance(item, Mapped):
            delivery = (deliveries or {}).get(item.line)
            whys.take(Seen(f"line {item.line}", item.receipt.at, item.judged, item.setup, delivery))
        else:
            whys.refused += 1
    return answer(whys.answer())


def identify(user: Any = "ann", **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def group(account: str = "acme", user: str = "ann", **traits: Any) -> dict[str, Any]:
    return {"type": "group", "userId": user, "groupId": account, "traits": traits}


def line(made: Answer, label: str) -> str:
    return next(said for name, said in made.told if name == label)


# --- there ---


def test_a_field_that_is_there() -> None:
    made = ask([identify(plan="pro")], "ann", "plan")
    assert (made.there, made.reason) == (True, "arrives")
    assert [*made.lines()] == [
        'Yes: plan of ann is in Pendo: "pro".',
        '  sent      traits.plan = "pro", by identify, line 1, 2024-05-09 10:00:00Z',
        "  set by    line 1, 2024-05-09 10:00:00Z",
        "  look      In Pendo, look under segment.io (beside Agent); it takes minutes, up to an hour or so.",
    ]


def test_a_later_call_wins() -> None:
    made = ask([identify(plan="free"), identify(plan="pro"), identify(plan="max")], "ann", "plan")
    assert made.verdict == 'Yes: plan of ann is in Pendo: "max".'
    assert line(made, "set by").startswith("line 3,")
    assert line(made, "before") == '"pro" by line 2, "free" by line 1; the last call that arrives wins'


def test_a_later_call_that_does_not_arrive_is_told() -> None:
    dead = {2: Delivery("dead", 403, "Pendo answered 403")}
    made = ask([identify(plan="free"), identify(plan="pro")], "ann", "plan", deliveries=dead)
    assert (made.there, made.verdict) == (True, 'Yes: plan of ann is in Pendo: "free".')
    assert 'a later "pro" by identify, line 2' in line(made, "but")


def test_null_is_a_value() -> None:
    made = ask([identify(plan=None)], "ann", "plan")
    assert (made.there, made.verdict) == (True, "Yes: plan of ann is in Pendo, but it is null.")


# --- lost in Pendo ---


def test_renamed() -> None:
    made = ask([identify(firstName="Ann")], "ann", "firstName")
    assert (made.there, made.reason) == (False, "renamed")
    assert made.verdict == (
        "No: firstName of ann is not in Pendo as firstName: it arrives as firstname, since Pendo lower-cases "
        "names."
    )
    assert line(made, "arrives") == 'visitor ann, segment.io, firstname = "Ann"'
    assert line(made, "do") == "look for firstname in Pendo, and send that name"
    assert ask([identify(firstName="Ann")], "ann", "firstname").there


def test_nested_ignored() -> None:
    calls = [identify(address={"city": "Brno", "zip": 1})]
    made = ask(calls, "ann", "address")
    assert made.verdict == "No: address of ann is lost in Pendo, since Pendo ignores objects."
    assert line(made, "do") == "send its parts as traits of their own: address_city, address_zip"
    assert line(made, "because") == "pendo 3.20: Pendo ignores objects (Pendo's code)"
    part = ask(calls, "ann", "address.city")
    assert line(part, "sent").startswith('traits.address.city = "Brno", by identify')
    assert line(part, "do") == "send address_city as a trait of its own"
    assert ask(calls, "ann", "city").reason == "spelling"
    flat = ask(calls, "ann", "address_city", setup=Setup.of(assume=["nested=underscore"]))
    assert flat.there
    dotted = ask(calls, "ann", "address.city", setup=Setup.of(assume=["nested=underscore"]))
    assert "it arrives as address_city, since nested=underscore is assumed" in dotted.verdict
    whole = ask(calls, "ann", "address", setup=Setup.of(assume=["nested=underscore"]))
    assert (whole.there, whole.reason) == (False, "renamed")


def test_an_object_in_a_list_is_a_part_that_is_lost() -> None:
    made = ask([identify(tags=["a", {"b": 1}])], "ann", "tags")
    assert (made.there, made.verdict) == (True, 'Yes: tags of ann is in Pendo, but not all of it: ["a"].')
    assert [label for label, _ in made.told] == ["sent", "set by", "but", "look"]
    assert line(made, "but") == (
        "traits.tags[1] does not arrive: lost at Pendo, as Pendo ignores objects inside a list"
    )


@pytest.mark.parametrize(
    ("assume", "second", "word"),
    [("null=removed", {"plan": None}, "line 2"), ("absent_traits=removed", {"other": 1}, "line 2")],
)
def test_removed(assume: str, second: dict[str, Json], word: str) -> None:
    setup = Setup.of(assume=[assume])
    made = ask([identify(plan="pro"), identify(**second)], "ann", "plan", setup=setup)
    assert (made.there, made.reason) == (False, "removed")
    assert made.verdict == f"No: plan of ann was in Pendo, and {word} removed it."


def test_of_two_keys_one_is_lost() -> None:
    made = ask([identify(Plan=1, plan=2)], "ann", "Plan")
    assert made.reason == "lost"
    assert "of equal keys only the last is kept" in made.verdict


def test_what_no_javascript_writes_is_lost() -> None:
    calls = ['{"type":"identify","userId":"ann","traits":{"__proto__":1}}']
    made = ask([json.loads(text) for text in calls], "ann", "__proto__")
    assert made.reason == "lost"
    assert "W-28" in line(made, "because")


def test_an_id_that_pendo_does_not_take() -> None:
    made = ask([identify(" ", plan="pro")], " ", "plan")
    assert made.reason == "nothing"
    assert "does not accept such an ID" in made.verdict


# --- for another record ---


def test_a_trait_of_the_account() -> None:
    made = ask([identify(), group(industry="Tech")], "ann", "industry")
    assert (made.there, made.reason) == (False, "other_record")
    assert made.verdict == (
        "No: industry was sent for account acme, not for ann: the traits of group are the account's."
    )
    assert line(made, "arrives") == 'account acme, segment.io, industry = "Tech"'
    assert line(made, "related") == "the account acme has it"
    assert line(made, "do") == "send it as traits.industry with identify for ann"


def test_a_trait_of_the_account_that_is_lost() -> None:
    made = ask([identify(), group(plan={"a": 1})], "ann", "plan")
    assert (made.there, made.reason) == (False, "other_record")


def test_a_trait_of_a_user_of_the_account() -> None:
    made = ask([identify(role="cto"), group(), identify("bob", role="x")], "acme", "role", "account")
    assert made.verdict == "No: no call sends role for account acme."
    assert line(made, "related") == "the visitor ann has it"
    there = ask([group(industry="Tech")], "acme", "industry", "account")
    assert (there.there, there.verdict) == (True, 'Yes: industry of account acme is in Pendo: "Tech".')


def test_a_trait_of_other_users_only() -> None:
    others = [identify(f"u-{number}", plan="pro") for number in range(5)]
    made = ask([identify(role="x"), *others], "ann", "plan")
    assert (made.there, made.verdict) == (False, "No: no call sends plan for ann.")
    assert line(made, "others") == "5 other users have it: u-0, u-1, u-2, ..."
    assert made.details["others"] == {"count": 5, "partial": False, "ids": ["u-0", "u-1", "u-2"]}


def test_an_anonymous_identify() -> None:
    first = {"type": "identify", "anonymousId": "a-1", "traits": {"lang": "de"}}
    made = ask([first, identify() | {"anonymousId": "a-1"}], "ann", "lang")
    assert (made.there, made.reason) == (False, "anonymous")
    assert line(made, "sent").startswith('traits.lang = "de", by identify, line 1')
    other = ask([first, identify() | {"anonymousId": "a-2"}], "ann", "lang")
    assert other.reason == "never_sent"
    asked_by_device = ask([first], "a-1", "lang")
    assert asked_by_device.reason == "nothing"
    assert line(asked_by_device, "do") == "identify the user with a userId"


# --- no trait ---


def test_a_property_is_no_trait() -> None:
    call = {"type": "track", "userId": "ann", "event": "E", "properties": {"price": 3}}
    made = ask([call], "ann", "price", setup=Setup.of(track=True))
    assert made.reason == "property"
    assert line(made, "do") == "send it as traits.price with identify for ann"


@pytest.mark.parametrize(
    ("call", "place"),
    [
        ({"type": "identify", "userId": "ann", "plan": "pro"}, "plan"),
        ({"type": "identify", "userId": "ann", "properties": {"plan": "pro"}}, "properties.plan"),
        (
            {"type": "track", "userId": "ann", "event": "E", "context": {"traits": {"plan": "pro"}}},
            "context.traits.plan",
        ),
    ],
)
def test_a_trait_in_the_wrong_place(call: dict[str, Any], place: str) -> None:
    made = ask([identify(), call], "ann", "plan")
    assert made.reason == "misplaced"
    assert f"it stands at {place}" in made.verdict


def test_an_event_that_came_once_is_there_though_the_next_is_lost() -> None:
    call = {"type": "track", "userId": "ann", "event": "Signed Up", "properties": {"groupId": "acme"}}
    old = {**call, "timestamp": "2020-01-01T00:00:00Z"}
    made = ask([call, old], "ann", "Signed Up", setup=Setup.of(track=True))
    assert made.there
    assert line(made, "but").startswith("a later one is lost at Pendo, as it is more than seven days old")
    assert not ask([old], "ann", "Signed Up", setup=Setup.of(track=True)).there


def test_of_a_list_what_was_sent_is_shown_and_what_is_lost() -> None:
    made = ask([identify(list=[{"a": 1}, 2])], "ann", "list")
    assert made.verdict == "Yes: list of ann is in Pendo, but not all of it: [2]."
    assert line(made, "sent").startswith('traits.list = [{"a":1},2], by')
    assert line(made, "but").startswith("traits.list[0] does not arrive: lost at Pendo")
    whole = ask([identify(list=[1, 2])], "ann", "list")
    assert whole.verdict == "Yes: list of ann is in Pendo: [1,2]."


def test_a_name_spelled_alike_that_another_record_gets() -> None:
    made = ask([identify(), group(plan="pro")], "ann", "Plan")
    assert made.verdict == (
        "No: no call sends Plan for ann: it sends plan, which arrives as plan of account acme."
    )
    assert line(made, "do") == (
        "look for plan of account acme in Pendo, or send it as traits.Plan with identify for ann"
    )


def test_an_anonymous_id_that_an_alias_gives_a_name() -> None:
    alias = {"type": "alias", "userId": "ann", "previousId": "anon-1"}
    anonymous = {"type": "identify", "anonymousId": "anon-1", "traits": {"plan": "pro"}}
    made = ask([anonymous, alias], "anon-1")
    assert not made.there
    assert line(made, "alias") == (
        "line 2 says that it is ann, which Pendo does not get: ask for ann, and identify ann"
    )
    assert all(label != "alias" for label, _ in ask([anonymous, alias], "ann").told)
    assert "alias" in dict(ask([anonymous, alias], "anon-1", "plan").told)


def test_an_event_is_no_trait() -> None:
    call = {"type": "track", "userId": "ann", "event": "Signed Up", "properties": {"price": 3}}
    made = ask([identify(), call], "ann", "Signed Up")
    assert (made.there, made.reason) == (False, "event")
    assert made.verdict.startswith(
        "No: Signed Up of ann is no trait: it is a track event, which is lost (Segment, trigger): "
    )
    assert line(made, "sent").startswith('event = "Signed Up", by track, line 2')
    assert "traits" not in "".join(made.lines()), "it is not to be sent as a trait"
    there = ask([identify(), call], "ann", "Signed Up", setup=Setup.of(track=True))
    assert (there.there, there.reason) == (True, "event")
    assert there.verdict == "Yes: Signed Up of ann is in Pendo, as a track event."
    assert line(there, "look").startswith("In Pendo, look among the Track Events")
    page = {"type": "page", "userId": "ann", "name": "Home"}
    assert "it is a page, which is lost" in ask([page], "ann", "Home").verdict
    assert (
        ask([identify("bob"), identify(), call | {"userId": "bob"}], "ann", "Signed Up").reason
        == "never_sent"
    )


# --- lost at Segment ---


def test_dropped_by_segment() -> None:
    made = ask([{"type": "group", "groupId": "acme", "traits": {"plan": "pro"}}], "acme", "plan", "account")
    assert (made.there, made.reason) == (False, "skipped")
    assert "is lost at Segment (ingest)" in made.verdict
    assert "neither userId nor anonymousId" in made.verdict


def test_integrations_off() -> None:
    made = ask([identify(plan="pro") | {"integrations": {"All": False}}], "ann", "plan")
    assert "is lost at Segment (integrations)" in made.verdict


def test_the_trigger() -> None:
    file: Json = {"mappings": [{"name": "groups", "trigger": 'type = "group"', "mapping": WHOLE}]}
    made = ask([identify(plan="pro")], "ann", "plan", setup=setup_of(file))
    assert "is lost at Segment (trigger): no trigger selects this call" in made.verdict


def _filtered(action: Json) -> Setup:
    filters: Json = [{"name": "no plan", "if": IDENTIFY, "actions": [action]}]
    mappings: Json = [{"name": "all", "trigger": IDENTIFY, "mapping": WHOLE}]
    return setup_of({"mappings": mappings, "filters": filters})


def test_a_filter() -> None:
    drops = ask([identify(plan="pro")], "ann", "plan", setup=_filtered({"type": "DROP"}))
    assert "is lost at Segment (filters)" in drops.verdict
    part = _filtered({"type": "DROP_PROPERTIES", "fields": {"traits": ["plan"]}})
    takes = ask([identify(plan="pro", role="x")], "ann", "plan", setup=part)
    assert takes.reason == "stage"
    assert takes.verdict == (
        'No: plan of ann is lost at Segment (filters): the filter "no plan" takes it away.'
    )
    assert ask([identify(plan="pro", role="x")], "ann", "role", setup=part).there


def test_the_mapping() -> None:
    mapping: Json = {"data": {"type": "identify", "userId": {"@path": "$.userId"}, "traits": {"a": 1}}}
    file: Json = {"mappings": [{"name": "few", "trigger": IDENTIFY, "mapping": mapping}]}
    made = ask([identify(plan="pro")], "ann", "plan", setup=setup_of(file))
    assert made.verdict == 'No: plan of ann is lost at Segment (mapping): the mapping "few" takes it away.'
    put = ask([identify(plan="pro")], "ann", "a", setup=setup_of(file))
    assert put.there
    assert '(put there by the mapping "few")' in line(put, "sent")


def test_another_id_by_the_mapping() -> None:
    mapping: Json = {"data": {"type": "identify", "userId": "x", "traits": {"@path": "$.traits"}}}
    file: Json = {"mappings": [{"name": "few", "trigger": IDENTIFY, "mapping": mapping}]}
    made = ask([identify(plan="pro")], "ann", "plan", setup=setup_of(file))
    assert (made.there, made.reason) == (False, "other_record")
    assert "was sent for visitor x, not for ann" in made.verdict
    assert ask([identify(plan="pro")], "x", "plan", setup=setup_of(file)).there


def test_the_plan() -> None:
    rule: Json = {
        "type": "object",
        "properties": {"traits": {"type": "object", "properties": {"role": {"type": "string"}}}},
    }
    plan: Json = {
        "rules": [{"type": "IDENTIFY", "version": 1, "jsonSchema": rule}],
        "enforce": {"identify": {"allowUnplannedTraits": False}},
    }
    setup = setup_of({"plan": "plan.json"}, plan=plan)
    made = ask([identify(plan="pro", role="x")], "ann", "plan", setup=setup)
    assert made.verdict == "No: plan of ann is lost at Segment (plan): the tracking plan takes it away."


def test_the_function() -> None:
    file: Json = {
        "function": "function.js",
        "mappings": [{"name": "all", "trigger": IDENTIFY, "mapping": WHOLE}],
    }
    setup = setup_of(file, function=lambda event, _index: Returned({**event, "traits": {"b": 1}}))
    made = ask([identify(plan="pro")], "ann", "plan", setup=setup)
    assert made.verdict == (
        'No: plan of ann is lost at Segment (function): the function "function.js" takes it away.'
    )


# --- delivery ---


def test_a_delivery_that_pendo_refuses() -> None:
    dead = {1: Delivery("dead", 403, "Pendo answered 403; Segment would not try again")}
    made = ask([identify(plan="pro")], "ann", "plan", deliveries=dead)
    assert (made.there, made.reason) == (False, "undelivered")
    assert made.verdict == (
        "No: plan of ann was sent, but not delivered (dead): Pendo answered 403; Segment would not try again."
    )
    assert line(made, "lost at") == "delivery, answered 403"
    assert line(made, "do").startswith("correct the key")
    waits = ask([identify(plan="pro")], "ann", "plan", deliveries={1: Delivery("waiting")})
    assert "not delivered yet (waiting)" in waits.verdict


# --- nearest ---


@pytest.mark.parametrize("asked", ["first_name", "FIRSTNAME", "first name", "firstName "])
def test_the_same_word_in_another_spelling(asked: str) -> None:
    made = ask([identify(firstName="Ann")], "ann", asked)
    assert (made.there, made.reason) == (False, "spelling")
    assert made.verdict.endswith("it sends firstName, which arrives as firstname.")


def test_the_nearest_trait() -> None:
    made = ask([identify(firstName="Ann")], "ann", "frstNam")
    assert made.reason == "never_sent"
    assert line(made, "nearest") == "firstName is sent"


def test_the_nearest_trait_of_another_user_is_called_so() -> None:
    calls = [identify(role="x"), group(frstName="Acme"), identify("bob", firstName="Bob")]
    made = ask(calls, "ann", "frstNam")
    assert line(made, "nearest") == "firstName is sent for another user"
    assert made.details["nearest"] == {"id": None, "trait": None}
    own = ask([*calls, identify(fristNam="Ann")], "ann", "frstNam")
    assert line(own, "nearest") == "fristNam is sent"
    same = ask([identify(role="x"), identify("bob", plan="pro")], "ann", "plan")
    assert "nearest" not in dict(same.told)


def test_the_nearest_user() -> None:
    made = ask([identify("Ann"), identify("bob")], "ann", "plan")
    assert (made.there, made.verdict) == (False, "No: no call names ann. The nearest user is Ann.")
    assert ask([identify("ann ")], "ann").verdict == 'No: no call names ann. The nearest user is "ann ".'
    assert ask([], "ann").verdict == "No: no call names ann."
    assert ask([group("acme")], "acmee", kind="account").verdict.endswith("The nearest account is acme.")


def test_a_number_is_its_text() -> None:
    made = ask([identify(7, plan="pro")], "7", "plan")
    assert made.verdict.startswith("No: plan of 7 is lost at Segment (ingest)")


def test_an_id_that_is_cut() -> None:
    long = "x" * 200
    assert ask([identify(long, plan="pro")], long, "plan").there
    assert ask([identify(long, plan="pro")], "x" * 128, "plan").there


# --- the whole record ---


def test_only_calls_that_arrive_are_what_a_record_is_from() -> None:
    calls = [identify(plan="pro"), group(), {"type": "page", "userId": "ann"}, identify(plan="max")]
    dead = {4: Delivery("dead", 403, "Pendo answered 403")}
    made = ask(calls, "ann", deliveries=dead)
    assert made.verdict.startswith("Yes: ann is in Pendo with 1 field, from 2 calls (2 more did not arrive)")
    assert [said.partition(":")[0] for label, said in made.told if label == "calls"] == ["line 3", "line 4"]
    assert ask(calls[:2], "ann").verdict == "Yes: ann is in Pendo with 1 field, from 2 calls."


def test_a_call_of_two_mappings_is_one_call() -> None:
    setup = setup_of(TWO)
    made = ask([identify(plan="pro"), identify(plan="max")], "ann", setup=setup)
    assert ", from 2 calls." in made.verdict


def test_a_record_field_by_field() -> None:
    calls = [
        {"type": "identify", "anonymousId": "a-1", "traits": {"lang": "de"}},
        identify(firstName="Ann", address={"city": "Brno"}) | {"anonymousId": "a-1"},
        identify(address={"city": "Wien"}),
        group("acme"),
        group("beta"),
        {"type": "track", "userId": "ann", "event": "E"},
    ]
    made = ask(calls, "ann")
    assert [*made.lines()] == [
        (
            "Yes: ann is in Pendo with 1 field, from 4 calls (1 more did not arrive); 1 trait "
            "of it does not arrive."
        ),
        '  field     firstname = "Ann" (sent as firstName), by identify, line 2, 2024-05-09 10:00:00Z',
        "  accounts  acme by line 4, beta by line 5",
        (
            "  lost      address at Pendo: Pendo ignores objects, by identify, line 3, 2024-05-09 10:00:00Z "
            "(in 2 calls)"
        ),
        (
            "  calls     line 6: Pendo takes track calls only if its subscription has the setting for them; "
            "track is off here (Segment, trigger)"
        ),
        "  before    lang came while the user was anonymous, of which Pendo makes nothing",
        "  look      In Pendo, look under segment.io (beside Agent); it takes minutes, up to an hour or so.",
    ]
    assert made.details["fields"] == [
        {
            "field": "firstname",
            "value": "Ann",
            "from": "$.traits.firstName",
            "changes": [{"value": "Ann", "at": 1715248800000, "call": "line 2"}],
        }
    ]


def test_a_user_whose_calls_do_not_arrive() -> None:
    made = ask([identify(plan="pro") | {"integrations": {"All": False}}], "ann")
    assert (made.there, made.reason) == (False, "not_there")
    assert made.verdict.startswith("No: ann is not in Pendo, as no call for it arrives: ")
    assert line(made, "lost") == (
        "plan with identify, line 1, 2024-05-09 10:00:00Z, which ends at integrations"
    )


def test_the_end_of_a_call_with_traits_counts_most() -> None:
    page = {"type": "page", "userId": "ann"}
    made = ask([identify(plan="pro") | {"integrations": {"All": False}}, page, page], "ann")
    assert 'integrations has "All": false' in made.verdict
    assert (
        'integrations has "All": false'
        in ask([page, identify() | {"integrations": {"All": False}}], "ann", "x").verdict
    )


def test_a_trait_that_arrives_later_is_not_lost() -> None:
    made = ask([identify(plan={}), identify(plan="pro")], "ann")
    assert made.details["lost"] == {}


# --- many, and hostile ---


def test_many_calls_make_few_lines() -> None:
    calls = [identify(plan=number) for number in range(1000)]
    made = ask(calls, "ann", "plan")
    assert len(made.told) <= 10
    assert "in 1000 calls" in line(made, "")
    many_traits = ask([identify(**{f"t{n}": {"a": 1} for n in range(100)})], "ann")
    assert len(many_traits.told) <= 12


@pytest.mark.parametrize(
    "name", ["\x1b[31m", "\ud800", "x" * 100_000, "__proto__", "constructor", "", "a\nb", "[b]x[/b]"]
)
def test_hostile_names_are_answered(name: str) -> None:
    calls = [identify(name, **{name: {name: name}}), group(name, name, **{name: name}), identify(name)]
    for question in [(name, name), (name, None), ("ann", name), (name, f"{name}.{name}")]:
        made = ask(calls, *question)
        for said in made.lines():
            assert said.isprintable()
            assert len(said) < 1500
        assert ask(calls, *question, kind="account").row()["verdict"]


def test_a_write_key_is_masked() -> None:
    call = identify(key="0123456789abcdef0123456789abcdef") | {"writeKey": "0123456789abcdef0123456789abcdef"}
    made = ask([call], "ann", "key")
    assert "0123456789" not in json.dumps(made.row())
    assert "****cdef" in made.verdict
