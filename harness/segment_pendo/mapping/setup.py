"""How the destination is set up at Segment and at Pendo."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from segment_pendo.base import switch
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment import webhooks
from segment_pendo.segment.switches import Switches
from segment_pendo.words import JsonObject

__all__ = ["Setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """How the destination is set up at Segment and Pendo, and how rules that no source settles are read.

    `track`: whether its trigger selects track calls too. `webhook`: which of Segment's two webhook destinations it is (webhooks.KINDS).
    `pendo_track`: whether the Pendo subscription has the setting for them (pendo 1.60). `switches` are Segment's, `pendo` Pendo's.
    `secret`: its shared secret; it is in no repr and no description.
    """

    track: bool = False
    webhook: str = "actions"
    switches: Switches = field(default_factory=Switches)
    pendo: PendoSwitches = field(default_factory=PendoSwitches)
    pendo_track: bool = True
    secret: str = field(default="", repr=False)

    @property
    def kind(self) -> webhooks.Kind:
        return webhooks.KINDS[self.webhook]

    def selects(self, kind: str | None) -> bool:
        return kind in {"identify", "group"} or (self.track and kind == "track")

    def described(self) -> JsonObject:
        """All but the secret, as JSON; `like` reads it again."""
        model: JsonObject = {**switch.settings(self.switches), **switch.settings(self.pendo)}
        off: JsonObject = {} if self.pendo_track else {"pendoTrack": False}
        return {"track": self.track, "webhook": self.webhook, "model": model, **off}

    def like(self, described: JsonObject) -> "Setup":
        """This setup with what was described, the secret kept. What is absent is at its default; raises ValueError for what is unknown."""
        model, webhook = described.get("model", {}), described.get("webhook", "actions")
        if not isinstance(model, dict) or webhook not in webhooks.KINDS:
            msg = "this setup cannot be read"
            raise ValueError(msg)
        switches, pendo = switch.changed_both(Switches(), PendoSwitches(), (f"{name}={value}" for name, value in model.items()))
        pendo_track = described.get("pendoTrack") is not False
        return replace(
            self, track=described.get("track") is True, webhook=str(webhook), switches=switches, pendo=pendo, pendo_track=pendo_track
        )


def made_setup(*, track: bool, pendo_track: bool, webhook: str, model: Mapping[str, str]) -> Setup:
    """The Setup of such options. Raises ValueError or TypeError, which name what is wrong."""
    if not isinstance(model, Mapping):
        msg = f"model is a dict of switches and values, not {model!r}"
        raise TypeError(msg)
    described: JsonObject = {"track": track, "webhook": webhook, "model": {**model}, "pendoTrack": pendo_track}
    return Setup().like(described)
