"""Calls as lines for people, and what to put right first."""
