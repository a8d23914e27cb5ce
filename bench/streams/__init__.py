"""What a crowd of open streams costs, and what is left of it when it goes."""
