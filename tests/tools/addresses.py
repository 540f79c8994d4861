"""Another address of this machine than loopback."""

import socket

import psutil

from segment_pendo.base.hosts import is_loopback


def other_address() -> str:
    """The first IPv4 address of this machine that is not loopback."""
    entries = [entry for several in psutil.net_if_addrs().values() for entry in several]
    found = [entry.address for entry in entries if entry.family == socket.AF_INET]
    return next(address for address in found if not is_loopback(address))
