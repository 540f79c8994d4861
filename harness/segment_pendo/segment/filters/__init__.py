"""Destination filters: conditions in Segment's filter query language (FQL), and what they do to an event."""
