"""Comparison of versions: whether one is better than another, and whether enough rows say so."""
