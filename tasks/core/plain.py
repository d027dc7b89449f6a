"""Logged text on one line, for sentences, tables and terminals."""


def plain(text: str, limit: int) -> str:
    """The text without line ends and control characters, in single spaces, cut with an ellipsis to `limit` characters.

    Only as much is looked at as can be shown.
    """
    words = " ".join("".join(one if one.isprintable() else " " for one in text[: 4 * limit]).split())
    return words if len(words) <= limit else f"{words[: limit - 1]}…"
