"""Text of strangers on the user's terminal."""

import logging


class LogFormatter(logging.Formatter):
    """A record without what could steer a terminal: it may quote what a device of the network has asked for."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if text.isprintable() else "".join(c for c in text if c.isprintable() or c == "\n")


def plain(text: str, most: int) -> str:
    """One line of at most `most` characters, without what could steer a terminal."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= most else line[: most - 1] + "…"
