"""Calls that are sent again: where they come from, what of them an SDK sends, and when."""
