"""The real implementations of the ports; vendors are imported here alone."""
