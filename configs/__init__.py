"""Facts that someone may set: the monitor file, the metrics, and how they are read."""
