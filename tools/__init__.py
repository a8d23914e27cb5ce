"""What maintainers and newcomers run from the Makefile."""
