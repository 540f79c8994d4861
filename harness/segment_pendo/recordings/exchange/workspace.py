"""What Terraform and Segment's Public API say of a workspace, in one form: members have the API's names."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, NoReturn

from segment_pendo.base import js_json
from segment_pendo.base.prose import short
from segment_pendo.mapping.destination_file import DestinationError
from segment_pendo.words import Json, JsonObject

__all__ = ["Kind", "Part", "Workspace", "an_object", "latest", "object_in", "refuse", "text_in"]

type Kind = Literal["destination", "subscription", "filter", "plan", "function", "transformation"]
_LONGEST_PLACE: Final = 200
# A destination file nests a mapping some levels deeper than production does, and must be read again.
_DEEPEST: Final = js_json.MAX_DEPTH - 10


class Part(NamedTuple):
    """Something in a workspace.

    `place`: where the file has it. `unknown`: members that Terraform does not know yet. `sensitive`: whether
    Terraform holds it to be secret.
    """

    value: JsonObject
    place: str
    unknown: frozenset[str] = frozenset()
    sensitive: bool = False


class Workspace(NamedTuple):
    """The parts of a workspace, in the file's order.

    `unlinked`: parts of a destination that has no id yet, where it is not clear of which. `may_be_bare`: the
    file says of its one destination that it has no mapping. `cut`: by a destination's id, the list of its
    parts that goes on elsewhere.
    """

    parts: dict[Kind, list[Part]]
    is_terraform: bool
    unlinked: tuple[str, ...]
    may_be_bare: bool
    cut: dict[str, str]


def refuse(name: str, place: str, what: str, then: str) -> NoReturn:
    """Raise DestinationError: what is wrong in the file `name`, where, and what to do then."""
    at = short(place, _LONGEST_PLACE)
    msg = f"{name}: {what} - at `{at}`. {then}"
    raise DestinationError(msg)


def an_object(value: Json) -> JsonObject:
    """Return a value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_in(part: Part, member: str, name: str) -> str:
    """Return a text that a part must have. Raises DestinationError."""
    value = _known(part, member, name)
    if isinstance(value, str):
        return value
    what = f"{member} is missing" if value is None else f"{member} is no text"
    refuse(name, part.place, what, "Write the file anew, with the program that wrote it.")


def object_in(part: Part, member: str, name: str) -> JsonObject:
    """Return an object that a part must have, or has as JSON text (Terraform). Raises DestinationError."""
    value = _known(part, member, name)
    if value is None and part.sensitive:
        refuse(
            name,
            part.place,
            f"{member} is missing, and Terraform marks it as sensitive",
            "Give what `terraform show -json` prints, unabridged.",
        )
    try:
        text = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else js_json.keep(value)
        read = js_json.read(text, depth=_DEEPEST, spelled=True).value
    except RecursionError:
        refuse(name, part.place, f"{member} nests more than {_DEEPEST} levels", "Give it fewer.")
    except ValueError as error:
        then = 'In Terraform, `jsonencode` writes it. A value such as "(sensitive)" has been blotted out.'
        refuse(name, part.place, f"{member} is not JSON: {js_json.why(error)}", then)
    if isinstance(read, dict):
        return read
    what = f"{member} is missing" if value is None else f"{member} is no JSON object"
    refuse(name, part.place, what, "Write the file anew, with the program that wrote it.")


def _known(part: Part, member: str, name: str) -> Json:
    if member in part.unknown:
        then = "Apply it, then give what `terraform show -json` prints of the state."
        refuse(name, part.place, f"{member} is known only after the plan is applied", then)
    return part.value.get(member)


def latest(parts: Iterable[Part]) -> list[Part]:
    """Return parts without those that come again later: the last with an id counts, in the first's place."""
    found: dict[str, Part] = {}
    for index, part in enumerate(parts):
        key = part.value.get("id")
        found[f"id {key}" if isinstance(key, str) else f"at {index}"] = part
    return list(found.values())
