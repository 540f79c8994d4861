"""Segment's Protocols: a tracking plan, what it says about a call, and what a source does then."""
