"""The traffic of a made-up support bot, for the demo."""
