"""Monitor files from the schedules of Azure ML's model monitoring."""
