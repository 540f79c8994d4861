"""Segment's side: what SDKs send, what its servers make of it, what its webhook destination POSTs. Pure."""
