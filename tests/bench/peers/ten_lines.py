"""What somebody would write who needs no more than a file: ten lines of aiohttp, an event a line."""

import json
import sys

from aiohttp import web


async def take(request: web.Request) -> web.Response:
    sent = json.loads(await request.read())
    file.writelines(json.dumps(event) + "\n" for event in sent.get("batch", [sent]))
    file.flush()
    return web.json_response({"success": True})


with open(sys.argv[2], "w") as file:  # noqa: PTH123 - as somebody would write it
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/{path:.*}", take)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
