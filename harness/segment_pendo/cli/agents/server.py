"""The MCP server: each tool with its description, which is all that an agent knows of it."""

from collections.abc import Awaitable
from typing import Annotated, Final, Literal

from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from segment_pendo import __version__
from segment_pendo.cli.agents.texts import skill
from segment_pendo.cli.agents.tools import Tools, answered

__all__ = ["made"]

_READS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_CHANGES: Final = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)

type _User = Annotated[str, Field(description="A userId, exactly as sent.")]
type _Group = Annotated[str, Field(description="A groupId, exactly as sent.")]
type _Kind = Annotated[str, Field(description="identify, group, track, page, screen or alias.")]
type _Trait = Annotated[str, Field(description="The name of a trait or property.")]
type _Code = Annotated[str, Field(description="The code of a finding, or of why a call was skipped.")]
type _Q = Annotated[str, Field(description="Words that must stand in the call's ids, names or codes.")]
type _File = Annotated[str, Field(description="A recording or file of calls, below the working directory.")]
type _Line = Annotated[int, Field(description="Where an earlier answer said that there is more.")]
type _Cursor = Annotated[str, Field(description="The cursor that an earlier answer named.")]


def made(tools: Tools) -> MCPServer[None]:
    """Return the server with all tools."""
    server: MCPServer[None] = MCPServer(
        "segment-pendo", version=__version__, instructions=skill(), log_level="ERROR"
    )
    _calls(server, tools)
    _answers(server, tools)
    _files(server, tools)
    return server


def _calls(server: MCPServer[None], tools: Tools) -> None:
    @server.tool(annotations=_READS, structured_output=False)
    async def calls(
        user: _User = "",
        group: _Group = "",
        type: _Kind = "",
        event: str = "",
        trait: _Trait = "",
        code: _Code = "",
        q: _Q = "",
        cursor: _Cursor = "",
    ) -> CallToolResult:
        """List the newest calls: id, time, type, who, what became of it, and which traits are lost."""
        filters = {
            "user": user,
            "group": group,
            "type": type,
            "event": event,
            "trait": trait,
            "code": code,
            "q": q,
        }
        return await _result(tools.calls(filters, cursor))

    @server.tool(annotations=_READS, structured_output=False)
    async def wait(
        user: _User = "", type: _Kind = "", event: str = "", count: int = 1, seconds: float = 5
    ) -> CallToolResult:
        """Wait until so many calls have come and are delivered (30 s at most); list them, or what came."""
        return await _result(tools.wait({"user": user, "type": type, "event": event}, count, seconds))


def _answers(server: MCPServer[None], tools: Tools) -> None:
    @server.tool(annotations=_READS, structured_output=False)
    async def why(
        user: _User = "", group: _Group = "", trait: _Trait = "", file: _File = "", cursor: _Line = 0
    ) -> CallToolResult:
        """Say why a user, an account or a trait is, or is not, in Pendo, by which call, and what to do."""
        return await _result(tools.why(user, group, trait, file, cursor))

    @server.tool(annotations=_READS, structured_output=False)
    async def explain(
        call: Annotated[str, Field(description="The id of a call, as `calls` lists it.")] = "",
        file: _File = "",
        cursor: _Line = 0,
    ) -> CallToolResult:
        """Explain a call: its fate in a sentence, then each value on its way, and by which rule."""
        return await _result(tools.explain(call, file, cursor))

    @server.tool(annotations=_READS, structured_output=False)
    async def findings(cursor: _Line = 0) -> CallToolResult:
        """List what is wrong with the calls, by code, the worst first, with what to do. Begin here."""
        return await _result(tools.findings(cursor))

    @server.tool(annotations=_READS, structured_output=False)
    async def records(
        kind: Literal["visitor", "account"] = "visitor",
        q: Annotated[str, Field(description="A part of the id.")] = "",
        cursor: _Cursor = "",
    ) -> CallToolResult:
        """Show visitors or accounts as Pendo would hold them after these calls."""
        return await _result(tools.records(kind, q, cursor))


def _files(server: MCPServer[None], tools: Tools) -> None:
    @server.tool(annotations=_READS, structured_output=False)
    async def races(file: _File = "", cursor: _Line = 0) -> CallToolResult:
        """Find fields whose final value depends on the order of calls: those that came, or a file's."""
        return await _result(tools.races(file, cursor))

    @server.tool(annotations=_READS, structured_output=False)
    async def check(file: _File, cursor: _Line = 0) -> CallToolResult:
        """Map a recording again and compare: which webhooks, outcomes or findings are others now."""
        return await _result(tools.check(file, cursor))

    @server.tool(annotations=_CHANGES, structured_output=False)
    async def replay(
        file: _File,
        as_sdk: Annotated[
            str,
            Field(description="How to encode calls of no recording: node, python, browser."),
        ] = "",
    ) -> CallToolResult:
        """Send the calls of a recording to the run; refused where its webhooks leave this machine."""
        return await _result(tools.replay(file, as_sdk))


async def _result(question: Awaitable[str]) -> CallToolResult:
    text, is_answer = await answered(question)
    return CallToolResult(content=[TextContent(text=text)], is_error=not is_answer)
