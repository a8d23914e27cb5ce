"""Messages, and what is attached to them."""
