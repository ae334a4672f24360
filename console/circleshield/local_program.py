"""What programs of this machine say, where they are there."""

import shutil
import subprocess


def said_by(*command: str) -> str | None:
    """The output of a program; None where there is none of that name, it fails, or does not answer within seconds."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
