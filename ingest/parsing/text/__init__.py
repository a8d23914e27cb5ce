"""Files of marked-up or plain text, and data as text."""
