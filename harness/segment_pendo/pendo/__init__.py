"""Pendo's side: regions and keys, what it would make of a webhook, the findings.

Pure; knows nothing of Segment.
"""
