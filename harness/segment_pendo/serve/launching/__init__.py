"""A command started so that its calls come here: environment, trust, what is seen of those that do not."""
