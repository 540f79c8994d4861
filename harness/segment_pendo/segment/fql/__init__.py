"""Segment's trigger language (FQL): which events a mapping takes, as Segment's destination works it out. Pure."""
