"""The verbs of a run as Prefect tasks; below them the pure core and the adapters to the world."""
