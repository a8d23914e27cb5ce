"""What a server does and holds when everything is asked of it for long, while its documents change."""
