"""What the home port shows of a run: the page at `/`, and the API under `/_/`."""
