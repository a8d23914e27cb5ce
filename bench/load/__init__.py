"""How many questions a server answers in a second, and what becomes of those that are too many."""
