"""Usage: who asks, what about, and in which language."""
