"""Whom the shop knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    id: str
    name: str
    employees: int


@dataclass(frozen=True)
class User:
    id: str
    email: str
    plan: str
    city: str
    password: str
    company: Company
