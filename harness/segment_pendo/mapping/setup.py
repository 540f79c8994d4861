"""How the destination is set up at Segment and at Pendo."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from segment_pendo.base import switch
from segment_pendo.base.errors import USAGE, SegmentPendoError
from segment_pendo.base.unfit import unfit
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationFile
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment import webhooks
from segment_pendo.segment.functions import Function
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Json, JsonObject

if TYPE_CHECKING:
    from segment_pendo.mapping.configured import Configured

__all__ = ["Described", "Setup", "SetupError"]


_IN_FILE: Final = "the destination file says this; change it there."
# Switches that have an effect with one of the two webhook destinations only.
_ONLY: Final = {"classic_dates": "classic", "name_conflict": "actions"}


class Described(Struct, kw_only=True, rename="camel"):
    """A Setup as JSON holds it, in recordings and stores: all but the secret."""

    track: Annotated[bool, Meta(description="whether the destination's trigger selected track calls")] = False
    webhook: Literal["actions", "classic"] = "actions"
    pendo_track: Annotated[
        bool, Meta(description="false where the Pendo subscription did not have the setting for track calls")
    ] = True
    assume: Annotated[dict[str, str], Meta(description="switches that were not at their default")] = (
        msgspec.field(default_factory=dict)
    )
    destination: Annotated[
        dict[str, Any] | UnsetType, Meta(description="the destination file, where there was one")
    ] = UNSET
    plan: Annotated[Any, Meta(description="the tracking plan, where the destination file names one")] = UNSET
    model: Annotated[
        dict[str, str] | UnsetType, Meta(description="the name of assume in files made before 2026-12")
    ] = UNSET


class SetupError(SegmentPendoError, ValueError):
    """A setting cannot have the chosen value; the text says why, `of` names the setting."""

    exit_code = USAGE

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.of = setting


@dataclass(frozen=True, slots=True)
class Setup:
    """How the destination is set up at Segment and Pendo, and how rules that no source settles are read.

    `track`: whether the destination's trigger also selects track calls. `webhook`: which of Segment's two
    webhook destinations it is (webhooks.KINDS). `pendo_track`: whether the Pendo subscription has the setting
    for track calls (pendo 1.60). `switches` are Segment's, `pendo` Pendo's. `secret`: the shared secret; no
    repr and no description shows it. `destination`: how it is set up in production, where a destination file
    says so; `track`, `webhook` and `pendo_track` are then what the file says. `function` runs its insert
    function; where there is none, calls come back from it unchanged.
    """

    track: bool = False
    webhook: str = "actions"
    switches: Switches = field(default_factory=Switches)
    pendo: PendoSwitches = field(default_factory=PendoSwitches)
    pendo_track: bool = True
    secret: str = field(default="", repr=False)
    destination: "Configured | None" = field(default=None, repr=False)
    function: Function | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        *,
        track: bool = False,
        pendo_track: bool = True,
        webhook: str = "actions",
        assume: Mapping[str, str] | Iterable[str] = (),
        secret: str = "",
        destination: DestinationFile | None = None,
        plan: Json = None,
        function: Function | None = None,
    ) -> "Setup":
        """Make a Setup and check everything; a door only translates its options into these arguments.

        `assume`: names and values of switches, or `name=value` texts; they count more than those of the
        `destination` file, which says the rest. `plan` is the content of the plan, `function` runs the
        function that the file names. Raises SetupError, SwitchError for a switch or a value that does not
        exist, DestinationError, PlanError; all are ValueErrors.
        """
        for name, flag in (("track", track), ("pendo_track", pendo_track)):
            if not isinstance(flag, bool):
                _refuse(f"{name} is true or false, not {flag!r}.", name)
        if webhook not in webhooks.KINDS:
            _refuse(f"webhook is one of {', '.join(webhooks.KINDS)}, not {webhook!r}.", "webhook")
        if isinstance(assume, str) or not isinstance(assume, Iterable):
            _refuse(
                f"assume is names and values of switches, such as {{'nested': 'dot'}}, not {assume!r}.",
                "assume",
            )
        switches, pendo = _switches(assume)
        if destination is not None:
            _refuse_both(track=track, pendo_track=pendo_track, webhook=webhook)
            switches, pendo = _switches([*_pairs(destination.assume), *_pairs(assume)])
            track, pendo_track, webhook = True, destination.pendo_track, destination.kind
        if not pendo_track and not track:
            _refuse("pendo_track is about track calls, and track is off.", "pendo_track")
        for name, only in _ONLY.items():
            if name in switch.settings(switches) and webhook != only:
                _refuse(f"{name} has an effect only where webhook is {only}.", "assume")
        ready = None if destination is None else _ready(destination, switches, plan)
        return cls(track, webhook, switches, pendo, pendo_track, secret, ready, function)

    def changed(
        self, *, track: bool | None = None, webhook: str | None = None, assume: Iterable[str] = ()
    ) -> "Setup":
        """Return this setup with other settings, and switches set by `name=value`. Raises as `of` does."""
        had = {**switch.settings(self.switches), **switch.settings(self.pendo)}
        pairs = [*_pairs(had), *assume]
        if self.destination is not None:
            if track is not None or webhook is not None:
                _refuse(
                    _IN_FILE,
                    "track" if webhook is None else "webhook",
                )
            plan, file = self.destination.planned, self.destination.file
            made = Setup.of(assume=pairs, destination=file, plan=plan, secret=self.secret)
            return replace(made, function=self.function)
        track = self.track if track is None else track
        return Setup.of(
            track=track,
            pendo_track=self.pendo_track or not track,
            webhook=self.webhook if webhook is None else webhook,
            assume=pairs,
            secret=self.secret,
        )

    def unsigned(self) -> "Setup":
        """Return this setup without the secret, for processes and files that need none."""
        return replace(self, secret="")

    @property
    def kind(self) -> webhooks.Kind:
        """Return which of the two webhook destinations this is."""
        return webhooks.KINDS[self.webhook]

    @property
    def sets_request(self) -> bool:
        """Whether a mapping sets headers or a method, so that not all webhooks have the same."""
        return self.destination is not None and self.destination.sets_request

    def selects(self, kind: str | None) -> bool:
        """Whether the trigger of a destination without a file selects calls of this type."""
        return kind in {"identify", "group"} or (self.track and kind == "track")

    def described(self) -> JsonObject:
        """Return all but the secret as JSON; `like` reads it again."""
        assume: JsonObject = {**switch.settings(self.switches), **switch.settings(self.pendo)}
        off: JsonObject = {} if self.pendo_track else {"pendoTrack": False}
        file: JsonObject = {}
        if self.destination is not None:
            file["destination"] = self.destination.described
            if self.destination.planned is not None:
                file["plan"] = self.destination.planned
        return {"track": self.track, "webhook": self.webhook, "assume": assume, **off, **file}

    def like(self, described: JsonObject) -> "Setup":
        """Return the setup that was described, with the secret of this one. What is absent has its default.

        It runs no function: what one made of a call is kept with the call.

        Raises ValueError for anything unknown. A combination of settings that `of` refuses is still read: a
        file must stay readable.
        """
        try:
            settings = msgspec.convert(described, Described)
        except msgspec.ValidationError as error:
            msg = f"this setup cannot be read: {unfit(error, Described)}."
            raise ValueError(msg) from None
        assume = settings.assume if settings.model is UNSET else settings.model
        switches, pendo = _switches(assume)
        file = settings.destination
        plan = None if settings.plan is UNSET else settings.plan
        return replace(
            self,
            track=settings.track,
            webhook=settings.webhook,
            switches=switches,
            pendo=pendo,
            pendo_track=settings.pendo_track,
            function=None,
            destination=None
            if isinstance(file, UnsetType)
            else _ready(destination_file.of(file, "its destination"), switches, plan),
        )


def _ready(destination: DestinationFile, switches: Switches, plan: Json) -> "Configured":
    # What it needs takes a while to import, and most have no destination file.
    from segment_pendo.mapping.configured import configured  # noqa: PLC0415

    return configured(destination, switches, plan)


def _switches(assume: Mapping[str, str] | Iterable[str]) -> tuple[Switches, PendoSwitches]:
    return switch.changed_both(Switches(), PendoSwitches(), _pairs(assume))


def _pairs(assume: Mapping[str, str] | Iterable[str]) -> list[str]:
    if isinstance(assume, Mapping):
        return [f"{name}={value}" for name, value in assume.items()]
    return [*assume]


def _refuse_both(*, track: bool, pendo_track: bool, webhook: str) -> None:
    """Raise SetupError for what a destination file says, and so must not be said twice."""
    for name, given in (
        ("track", track),
        ("pendo_track", not pendo_track),
        ("webhook", webhook != "actions"),
    ):
        if given:
            _refuse(_IN_FILE, name)


def _refuse(message: str, setting: str) -> NoReturn:
    raise SetupError(message, setting)
