"""Sets for evaluation and fine-tuning, curated from what was judged: pure values and formats."""
