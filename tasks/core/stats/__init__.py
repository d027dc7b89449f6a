"""Statistics with their sources."""
