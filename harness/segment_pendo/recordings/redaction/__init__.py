"""What a recording must not name: keys, people; what replaces them; a search for what is left."""
