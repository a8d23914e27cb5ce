"""Every door in: HTTP and the command line. Objects are made in `bootstrap.py`."""
