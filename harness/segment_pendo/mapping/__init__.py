"""The law: which call becomes which webhook, or why none; what earlier calls say about it; all the codes."""
