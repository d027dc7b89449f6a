"""The world, one thing per module: storage, DuckDB, evaluators, Slack, secrets."""
