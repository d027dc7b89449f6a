"""The order of verbs: Prefect flows and the command line."""
