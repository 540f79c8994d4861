"""Our home port without delivery: `map` keeps nothing, `store` keeps all of it in a file."""

import asyncio
import sys
from pathlib import Path

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.home import Home
from segment_pendo.serve.listener import Port
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store import Store
from segment_pendo.words import Receipt


class Nobody:
    def take(self, receipt: Receipt) -> None:
        """Do nothing: nobody is told."""


async def main(what: str, port: int, file: Path) -> None:
    if what == "store":
        async with Session(Plan(port=port, store=file, deliver=False, with_proxy=False), Nobody()):
            await asyncio.Event().wait()
    setup = Setup()
    home = Home(Relay([Nobody()], setup=setup), Store(None, setup=setup))
    await home.start(Port(port))
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
