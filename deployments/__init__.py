"""When and where monitors run: Prefect deployments."""
