"""Office's files of today: XML in a ZIP archive."""
