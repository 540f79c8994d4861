"""What coding agents are given: tools over MCP, and texts on how to use them."""
