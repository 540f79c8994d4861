"""The shop's web API."""

from addons.gift_wrap import with_gift_wrap
from flask import Flask, request

from shop.people import Company, User
from shop.tracking import Tracking


def create_app(tracking: Tracking) -> Flask:
    app = Flask(__name__)
    users: dict[str, User] = {}

    @app.post("/users")
    def sign_up() -> tuple[dict[str, str], int]:
        form = request.get_json()
        user = User(**{**form, "company": Company(**form["company"])})
        users[user.id] = user
        tracking.signed_up(user)
        return {"id": user.id}, 201

    @app.post("/users/<id>/orders")
    def order(id: str) -> tuple[dict[str, int], int]:
        form = request.get_json()
        cents = with_gift_wrap(form["cents"]) if form.get("gift") else form["cents"]
        tracking.ordered(users[id], form["number"], cents)
        return {"cents": cents}, 201

    @app.delete("/users/<id>/subscription")
    def cancel(id: str) -> tuple[str, int]:
        tracking.cancelled(users[id], request.args["reason"])
        return "", 204

    return app
