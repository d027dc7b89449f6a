"""Text statistics as a judge: what the `local` evaluator measures, and how that becomes a score."""
