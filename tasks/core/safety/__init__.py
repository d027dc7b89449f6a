"""Safety: what logged text gives away, and what it tries."""
