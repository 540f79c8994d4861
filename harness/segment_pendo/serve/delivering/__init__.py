"""Webhooks on their way: to a Pendo elsewhere, to the one in this process, and again."""
