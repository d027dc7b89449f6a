"""Drift: what changed that is not quality."""
