"""Where posts to learn from come from: files, captures and the ledger, all as rows with or without a label."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from circleshield.captures import is_capture, read_capture
from circleshield.feed_responses import verdicts
from circleshield.home import open_ledger
from circleshield_addon.history import Filter, following
from circleshield_addon.post import Action
from circleshield_addon.settings import Settings
from circleshield_model.errors import InputError
from circleshield_training.labelled_files import Row
from circleshield_training.samples import Sample
from circleshield_training.user_samples import VERDICTS, Record, language_of

_HEAD = 1 << 12


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """A file, or what comes on stdin for `-`, as a stream that can be read twice. InputError if it cannot be read."""
    with ExitStack() as stack:
        try:
            stream: IO[bytes] = sys.stdin.buffer if str(file) == "-" else stack.enter_context(file.open("rb"))
            if str(file) == "-" or not stream.seekable():
                kept = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(stream, kept)
                kept.seek(0)
                stream = kept
        except OSError as e:
            raise InputError(f"{file}: cannot be read: {e.strerror}") from e
        yield stream


def holds_capture(stream: IO[bytes]) -> bool:
    """Whether it begins as a HAR file or a flow dump does. It is back at its start afterwards."""
    head = stream.read(_HEAD)
    stream.seek(0)
    return is_capture(head)


def capture_rows(
    stream: IO[bytes], name: str, settings: Settings, model: Path, label: bool | None, by_verdict: bool
) -> Iterator[Row]:
    """The posts of all feed pages in a capture, counted from 1. InputError where it is none, or broken."""
    capture = read_capture(stream.read())
    if capture is None:
        raise InputError(f"{name}: is neither a HAR file nor a flow dump of mitmproxy")
    for number, (platform, verdict) in enumerate(verdicts(capture, settings, model), 1):
        post = verdict.post
        author = f"{platform}:{post.author_id}" if post.author_id else ""
        post_id = f"{platform}:{post.id}" if post.id else ""
        if post.text.strip():
            yield _row(number, post.text, author, post_id, verdict.action if by_verdict else None, label)


def ledger_rows(home: Path, which: Filter, label: bool | None, by_verdict: bool) -> Iterator[Row]:
    """The ledger's posts of which the text is kept, counted from 1. InputError where there is no ledger."""
    with open_ledger(home) as ledger:
        for number, entry in enumerate(following(ledger, which), 1):
            author = f"{entry.platform}:{entry.author_id}"
            post = f"{entry.platform}:{entry.post_id}"
            if entry.text and entry.text.strip():
                yield _row(number, entry.text, author, post, entry.action if by_verdict else None, label)


def _row(number: int, text: str, author: str, post: str, action: Action | str | None, label: bool | None) -> Row:
    """By verdict, an unsure post has no label."""
    if action is not None:
        label = None if action == "review" else action != "keep"
    source = VERDICTS if action is not None else ""
    return Row(
        number,
        Record(Sample(text, bool(label), language_of(text), source, author), post),
        label is not None,
    )
