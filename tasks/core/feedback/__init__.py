"""Feedback: what users said of the answers and did with them, and whether the judge agrees."""
