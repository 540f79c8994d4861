"""What is wrong on this machine: verdicts (pure), machine and clients (what they judge), the examination."""
