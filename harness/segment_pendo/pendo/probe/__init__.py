"""Find out how a Pendo reads webhooks: what is sent, where to look, and what follows from it. Pure."""
