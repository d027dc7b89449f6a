"""Slack's messages in Block Kit; logged text stands in them as plain text alone."""
