"""Segment's trigger language (FQL): which events a mapping takes, and the traps of a trigger. Pure."""
