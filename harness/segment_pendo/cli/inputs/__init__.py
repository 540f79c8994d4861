"""What verbs read: calls, files one by one, states."""
