"""The verbs. Each has a file, named as the user types it, which holds `command`."""
