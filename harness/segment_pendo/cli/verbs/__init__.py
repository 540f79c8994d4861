"""The verbs, a file each, named as the user types them; each holds `command`."""
