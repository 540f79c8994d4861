"""All that opens a port or sends: session, relay, store, delivery, client, home port, launcher."""
