"""Office's files of before 2007: streams in a compound file."""
