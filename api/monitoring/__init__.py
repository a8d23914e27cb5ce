"""What an operator sees of a running server: figures, logs, spans. Nothing here carries what was asked, unless somebody says so."""
