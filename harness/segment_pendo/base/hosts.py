"""Host names and addresses: as they are compared, and whether one is this machine.

Nothing here looks a name up.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

__all__ = [
    "HOME_PORT",
    "HOME_URL",
    "PROXY_PORT",
    "address_of",
    "bare",
    "is_loopback",
    "is_loopback_origin",
    "is_this_machine",
]

# Where a running segment-pendo listens by default.
HOME_PORT: Final = 4170
PROXY_PORT: Final = 4171
HOME_URL: Final = f"http://127.0.0.1:{HOME_PORT}"
_NAMES: Final = frozenset({"", "localhost.localdomain", "ip6-localhost"})


def bare(host: str) -> str:
    """Return a host as it is compared: lower case, without port, trailing dot or the brackets of IPv6."""
    host = host.strip().lower()
    if host.startswith("["):
        inside, _, rest = host[1:].partition("]")
        return inside if rest == "" or (rest[0] == ":" and rest[1:].isdigit()) else host
    name, _, port = host.partition(":")
    return (name if port.isdigit() or not port else host).rstrip(".")


def address_of(host: str) -> "IPv4Address | IPv6Address | None":
    """Return the IP address that a host is written as, or None for a name.

    Brackets and zone are left out; an IPv4 address written as IPv6 is returned as IPv4.
    """
    import ipaddress  # noqa: PLC0415 - many only compare names

    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_loopback(host: str) -> bool:
    """Whether a host can only mean this machine, whoever asks."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = address_of(host)
    return address is not None and address.is_loopback


def is_this_machine(host: str) -> bool:
    """Whether a connection to a host ends on this machine.

    True for loopback, and for the wildcard that a server listens on (0.0.0.0, ::).
    """
    address = address_of(host)
    return is_loopback(host) or host in _NAMES or (address is not None and address.is_unspecified)


def is_loopback_origin(origin: str) -> bool:
    """Whether the Origin of a browser's request (scheme://host:port) is a page of this machine."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
