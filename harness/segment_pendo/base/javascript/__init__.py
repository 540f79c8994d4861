"""JavaScript's values beside those of JSON, with their members, as texts and as numbers."""
