"""Judged quality: metrics, prompts, replies, scores and pass rates."""
