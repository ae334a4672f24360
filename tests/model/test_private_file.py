"""Files that only their owner may read."""

import stat
from pathlib import Path

from circleshield_model.private_file import write_private


def test_file_and_new_folders_are_the_owners_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "home" / "ca" / "key.pem"
    write_private(file, b"1")
    write_private(file, b"2")
    assert file.read_bytes() == b"2"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent, tmp_path)]
    assert modes == [0o600, 0o700, 0o700, 0o755]
