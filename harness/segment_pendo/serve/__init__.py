"""What opens a port or sends: the session, its relay, store and delivery, the home port and what lives there,
the launcher.
"""
