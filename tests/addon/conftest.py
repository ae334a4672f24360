"""What several tests of the addon need."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from circleshield_addon.ledger import FILE, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / FILE)) as opened:
        yield opened
