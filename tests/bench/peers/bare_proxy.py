"""The reference of start-up: mitmproxy's own master that listens, and says so in a file."""

import asyncio
import sys
from pathlib import Path

from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster


class Ready:
    def running(self) -> None:
        Path(sys.argv[1]).write_text("ready")


async def main() -> None:
    asked = options.Options(listen_host="127.0.0.1", listen_port=0, confdir=sys.argv[2])
    master = DumpMaster(asked, with_termlog=False, with_dumper=False)
    master.addons.add(Ready())
    await master.run()


asyncio.run(main())
