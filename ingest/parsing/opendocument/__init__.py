"""OpenDocument's texts, sheets and slides."""
