"""The plan of a session: what it consists of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from segment_pendo.base.hosts import HOME_PORT, bare
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.recorder import Mode
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.environment import default_store
from segment_pendo.serve.lan import LOOPBACK_ONLY, Lan
from segment_pendo.words import Destination

__all__ = ["DRAIN", "Plan"]

DRAIN: Final = 30.0  # how many seconds the end waits for webhooks to another Pendo


@dataclass(frozen=True, slots=True)
class Plan:
    """What a session consists of.

    `port`: the home port, 0 = a free one; None: no home port, and so no store and no Pendo on loopback.
    `proxy_port` None: the default, or a free one if the home port is a free one. `tls_port` None: no TLS.
    `to` None: the Pendo on loopback, which takes webhooks in this process unless `loopback_http`. `deliver`:
    whether webhooks are sent at all, and `how`. `drain`: how many seconds the end waits for another Pendo.
    `store` None: a temporary file, or for a real Pendo one in the state directory. `answers`: Segment's
    requests are answered here, and its hosts are not dialled. `authority`: the directory of the proxy's CA,
    by default the one in the state directory. `cdn_settings`: a file with the settings that
    production's CDN gives to browsers, FETCH to ask the CDN itself, or an empty text for our own. `mute`:
    codes that the page plays down. `capture`: all connections of the command come here, by the
    system's redirector. `lan`: where it listens beyond loopback.
    """

    port: int | None = HOME_PORT
    proxy_port: int | None = None
    tls_port: int | None = None
    to: Destination | None = None
    deliver: bool = True
    how: How = field(default_factory=How)
    drain: float = DRAIN
    loopback_http: bool = False
    setup: Setup = field(default_factory=Setup)
    record: Path | None = None
    record_mode: Mode = "over"
    people: People | None = None
    meaning: Meaning = field(default_factory=Meaning)
    store: Path | None = None
    answers: bool = True
    offline: bool = False
    hosts: tuple[str, ...] = ()
    cdn_settings: str = ""
    with_proxy: bool = True
    strict: bool = False
    capture: bool = False
    allow_origins: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    authority: Path | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    lan: Lan = LOOPBACK_ONLY

    @property
    def segment_hosts(self) -> list[str]:
        """Return every host that stands for Segment."""
        return sorted(INTERCEPTED | set(map(bare, self.hosts)))

    @property
    def store_path(self) -> Path | None:
        """Return the file of the store, or None for a temporary one. Raises StateError."""
        is_real = self.to is not None and not self.to.loopback
        return self.store or (default_store() if is_real and self.deliver else None)
