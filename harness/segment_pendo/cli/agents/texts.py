"""The texts for agents: a skill, and an index of what there is to read."""

from importlib import resources

__all__ = ["index", "skill"]


def skill() -> str:
    """Return SKILL.md: when to use this, and how."""
    return _text("SKILL.md")


def index() -> str:
    """Return llms.txt: what this is, and its pages."""
    return _text("llms.txt")


def _text(name: str) -> str:
    return resources.files("segment_pendo.cli.agents").joinpath(name).read_text("utf-8")
