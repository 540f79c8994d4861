"""What reaches Pendo when people use the shop."""

from flask.testing import FlaskClient
from harness.people import NINA

from segment_pendo.testing import ABSENT, Harness, group, identify, track


def test_who_signs_up_becomes_a_visitor(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.wait(identify("nina", traits={"email": "nina@initech.example", "plan": "premium"}))


def test_the_company_becomes_an_account(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.wait(group("initech", user="nina", traits={"name": "Initech", "employees": 329}))


def test_the_user_is_known_before_the_company(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.in_order(identify("nina"), group("initech"))
    visitor = segment_pendo.visitor("nina")
    assert visitor is not None
    assert visitor["accounts"] == ["initech"]


def test_no_password_leaves_the_shop(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.wait(identify(traits={"password": ABSENT}))


def test_an_order_counts_once_although_segment_fails(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.wait(group())
    segment_pendo.fail(503)  # the library tries again
    shop.post("/users/nina/orders", json={"number": 1, "cents": 1000, "gift": True})
    segment_pendo.exactly(1, track("Order Completed", properties={"total": 12.5}))


def test_who_leaves_sends_what_was_recorded(shop: FlaskClient, segment_pendo: Harness) -> None:
    shop.post("/users", json=NINA)
    segment_pendo.wait(group())
    segment_pendo.clear()
    shop.delete("/users/nina/subscription?reason=price")
    segment_pendo.matches("recordings/cancelled.jsonl")
