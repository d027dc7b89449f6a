"""Measures of a user's own choosing: Python functions, and metrics against a ground truth."""
