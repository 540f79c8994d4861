"""A small shop whose customers are to be seen in Pendo."""
