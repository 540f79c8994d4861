"""What holds for every user of the shop.

`pendo_after` needs no server, so hundreds of examples take a second.
"""

from harness.people import companies, users
from hypothesis import given
from hypothesis import strategies as st
from shop.people import Company, User
from shop.tracking import company_traits, user_traits

from segment_pendo.strategies import sessions
from segment_pendo.testing import pendo_after


@given(users)
def test_pendo_can_use_all_that_we_tell_of_a_user(user: User) -> None:
    after = pendo_after([{"type": "identify", "userId": user.id, "traits": user_traits(user)}])
    assert after.problems("warning") == []
    assert after.visitor(user.id) is not None


@given(st.lists(companies, min_size=1, max_size=3, unique_by=lambda company: company.id))
def test_a_visitor_is_in_every_company_that_it_joined(joined: list[Company]) -> None:
    calls = [
        {"type": "group", "userId": "u", "groupId": company.id, "traits": company_traits(company)}
        for company in joined
    ]
    after = pendo_after(calls)
    assert (after.visitor("u") or {}).get("accounts") == [company.id for company in joined]


@given(sessions(traits=users.map(user_traits)), st.sampled_from(["python", "node", "browser"]))
def test_the_library_makes_no_difference_to_pendo(session: list[dict[str, object]], library: str) -> None:
    one, other = pendo_after(session, sdk=library).snapshot(), pendo_after(session, sdk="http").snapshot()
    assert (one["visitors"], one["accounts"]) == (other["visitors"], other["accounts"])
