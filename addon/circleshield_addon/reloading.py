"""A running proxy takes changes of the config file and of the model: checked whole, swapped whole, or refused."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circleshield_addon.filtering import where
from circleshield_addon.judge import Judge
from circleshield_addon.settings import Settings, default_config_path, parse_settings, read_config
from circleshield_model import artefact, versions
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

if TYPE_CHECKING:
    from circleshield_addon.shield import Shield

_SECONDS = 0.2
_log = logging.getLogger("circleshield")

Stamp = tuple[int, int, int] | None
"""What tells one state of a file from another; None while there is none."""


@dataclass(frozen=True)
class Files:
    """What a proxy is made from: a config file, or where None the user's default one; and the model in a folder, or
    where None the one in use in the home folder, or where that is None too the packaged one."""

    config: Path | None = None
    model: Path | None = None
    home: Path | None = None

    @property
    def config_path(self) -> Path:
        """The config file, which need not exist."""
        return self.config or default_config_path()

    def model_folder(self) -> Path:
        """The model's folder at this moment. InputError if the file that says which is damaged."""
        if self.model is not None:
            return self.model
        return artefact.PACKAGED if self.home is None else versions.folder_in_use(self.home)

    def scorer(self) -> Scorer:
        """The model to start with: where the user's own cannot be read the packaged one, which is logged.

        InputError if `model`, or the packaged one, cannot be read.
        """
        folder = self.model
        try:
            folder = self.model_folder()
            return Scorer.load(folder)
        except InputError as e:
            if folder is not None and folder in (self.model, artefact.PACKAGED):
                raise
            _log.error("the packaged model is used: %s", e)
            return Scorer.load()

    def stamps(self) -> tuple[Stamp, ...]:
        """The state of all the files."""
        try:
            folder = self.model_folder()
        except InputError:  # said when it is read
            folder = artefact.PACKAGED
        pointer = () if self.home is None else (versions.pointer(self.home),)
        return tuple(map(_stamp, (self.config_path, folder / artefact.MANIFEST, folder / artefact.ARRAYS, *pointer)))


class Reloading:
    """A mitmproxy addon that watches the files a Shield was made from.

    A change counts once the files have been the same at two looks, so that no half written one is read. `refused` says
    what is wrong with the files as they are now, None if they are in use. `on_taken` is called after each change.
    """

    def __init__(self, shield: "Shield", files: Files, made_from: tuple[Stamp, ...]) -> None:
        """`made_from`: the files' `stamps()` before they were read."""
        self.config = files.config_path
        self.refused: str | None = None
        self.on_taken: Callable[[], None] = lambda: None
        self._shield = shield
        self.files = files
        self._needed = files.config is not None or made_from[0] is not None
        self._in_use = self._last = made_from
        self._task: asyncio.Task[None] | None = None

    @property
    def trained(self) -> float | None:
        """When the user's model was made, in seconds since 1970; None while the packaged one is in use."""
        try:
            packaged = self.files.model_folder() == artefact.PACKAGED
        except InputError:
            return None
        stamp = None if packaged else self._in_use[1]
        return None if stamp is None else stamp[0] / 1e9

    def running(self) -> None:
        """Begins to watch; needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def done(self) -> None:
        """Ends the watch."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS)
            await self.look()

    async def look(self) -> None:
        """One look at the files; what has changed and come to rest is taken, or refused with the reason logged."""
        found = self.files.stamps()
        rests, self._last = found == self._last, found
        if not rests or found == self._in_use:
            return
        try:
            settings, judge = await asyncio.to_thread(self._read, found)
        except Exception as e:  # whatever it is, the watch goes on
            self._in_use = found
            why = str(e).replace("\n", "; ") if isinstance(e, InputError) else where(e)
            if why != self.refused:
                _log.error("not taken, what was before goes on: %s", why)
            self.refused = why
            return
        self._in_use, self.refused = found, None
        self._shield.use(judge, settings)
        _log.info("taken: %s, model %s", self.config if found[0] else "default settings", judge.scorer.version)
        self.on_taken()

    def _read(self, found: tuple[Stamp, ...]) -> tuple[Settings, Judge]:
        scorer = self._shield.judge.scorer
        if found[1:] != self._in_use[1:] or self.refused is not None:
            fresh = Scorer.load(self.files.model_folder())
            if _identity(fresh) != _identity(scorer):
                scorer = fresh
        settings = Settings()
        if self._needed or found[0] is not None:
            text = read_config(self.config)
            if not text.strip():
                raise InputError(f"{self.config}: is empty; for the defaults write a line with # into it")
            settings = parse_settings(text, self.config)
            self._needed = True
        return settings, Judge(scorer, settings, before=self._shield.judge)


def _identity(scorer: Scorer) -> tuple[str, float, float]:
    return scorer.version, scorer.remove_at, scorer.review_at


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
