"""Segments: in which parts of a window a measure is worse."""
