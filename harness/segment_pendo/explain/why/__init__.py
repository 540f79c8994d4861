"""Why something is, or is not, in Pendo: what was sent, what became of it, what is nearest to it."""
