"""Answers about mapped calls: rows, records, the fate of a call, its fields, what Pendo would hold."""
