"""Ten small apps, each with a planted mistake in what it tells Segment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class App:
    """An app, what somebody misses in Pendo after it ran (a user or a group, a trait), and what explains it.

    `explains`: words that an explanation must have, one of each tuple.
    """

    name: str
    code: str
    user: str = ""
    group: str = ""
    trait: str = ""
    explains: tuple[str, ...] = ()


APPS = [
    App(
        "an address as an object",
        "identify('ann', {'plan': 'pro', 'address': {'city': 'Austin'}})",
        user="ann",
        trait="address",
        explains=("Pendo ignores objects", "address_city"),
    ),
    App(
        "another spelling of a trait",
        "identify('ann', {'first_name': 'Ann', 'plan': 'pro'})",
        user="ann",
        trait="firstName",
        explains=("it sends first_name",),
    ),
    App(
        "before the sign-in there is no user",
        "analytics.identify(anonymous_id='a-1', traits={'plan': 'free'})",
        explains=("ANON_IDENTIFY", "no userId"),
    ),
    App(
        "an event without the setting for events",
        "identify('ann', {'plan': 'pro'}); analytics.track('ann', 'Signed Up')",
        explains=("NO_MATCHING_MAPPING", "track"),
    ),
    App(
        "two traits that differ in upper and lower case",
        "identify('ann', {'Plan': 'free', 'plan': 'pro'})",
        user="ann",
        trait="Plan",
        explains=("KEY_CASE_COLLISION",),
    ),
    App(
        "an account that is sent as a trait",
        "identify('ann', {'company': 'acme'})",
        group="acme",
        explains=("no call", "acme"),
    ),
    App(
        "integrations are switched off",
        "analytics.identify('ann', {'plan': 'pro'}, integrations={'All': False})",
        user="ann",
        trait="plan",
        explains=("FILTERED_BY_INTEGRATIONS_OBJECT", "integrations"),
    ),
    App(
        "the SDK is never flushed",
        "import os; analytics.identify('ann'); os._exit(0)",
        user="ann",
        explains=("flushed (or closed)",),
    ),
    App(
        "two calls race for a value",
        "identify('ann', {'plan': 'free'}); analytics.flush(); identify('ann', {'plan': 'pro'})",
        user="ann",
        trait="plan",
        explains=("arrives last",),
    ),
    App(
        "an id that is none",
        "identify('undefined', {'plan': 'pro'})",
        user="undefined",
        trait="plan",
        explains=("ID_", "undefined"),
    ),
]
