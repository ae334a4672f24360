"""Text of strangers on the user's terminal."""


def plain(text: str, most: int) -> str:
    """One line of at most `most` characters, without what could steer a terminal."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= most else line[: most - 1] + "…"
