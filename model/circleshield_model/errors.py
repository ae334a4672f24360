"""The one exception that a person is meant to read."""


class InputError(Exception):
    """Bad input: the message names the thing and the mend. Commands print it as one line and exit with 2."""
