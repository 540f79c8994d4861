"""Coverage-guided fuzzing of the readers: `uv run --group fuzz python -m tests.fuzz --seconds 3600`."""

READERS = ("json", "request", "pseudonyms", "recordings", "archives", "flow_files", "destinations")
