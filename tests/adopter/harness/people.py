"""People for tests: one by name, and strategies for any."""

from typing import Any

from hypothesis import strategies as st
from shop.people import Company, User

NINA: dict[str, Any] = {
    "id": "nina",
    "email": "nina@initech.example",
    "plan": "premium",
    "city": "Austin",
    "password": "correct horse",
    "company": {"id": "initech", "name": "Initech", "employees": 329},
}

# Ids as the shop's database makes them.
ids = st.from_regex(r"[a-z0-9]{8}", fullmatch=True)
companies = st.builds(Company, id=ids, name=st.text(max_size=20), employees=st.integers(0, 10**6))
users = st.builds(
    User,
    id=ids,
    email=st.emails(),
    plan=st.sampled_from(["free", "premium"]),
    city=st.text(max_size=20),
    password=st.text(min_size=8, max_size=20),
    company=companies,
)
