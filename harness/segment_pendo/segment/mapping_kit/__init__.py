"""Segment's mapping kit: what the Webhook action makes of an event, by the directives of its mapping."""
