"""What the shop tells Segment, and so Pendo."""

from typing import Any

from segment.analytics.client import Client

from shop.people import Company, User


def user_traits(user: User) -> dict[str, Any]:
    """Flat, as Pendo ignores objects; never the password."""
    return {"email": user.email, "plan": user.plan, "address_city": user.city}


def company_traits(company: Company) -> dict[str, Any]:
    return {"name": company.name, "employees": company.employees}


class Tracking:
    """Sends by Segment's own library for Python."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def signed_up(self, user: User) -> None:
        self._client.identify(user.id, user_traits(user))
        self._client.group(user.id, user.company.id, company_traits(user.company))

    def ordered(self, user: User, number: int, cents: int) -> None:
        # Pendo learns the account of a track event from properties.groupId alone.
        self._client.track(
            user.id, "Order Completed", {"order": number, "total": cents / 100, "groupId": user.company.id}
        )

    def cancelled(self, user: User, reason: str) -> None:
        self._client.track(user.id, "Subscription Cancelled", {"reason": reason, "groupId": user.company.id})
