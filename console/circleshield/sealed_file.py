"""Files encrypted with a passphrase, written and read as a stream.

Format: `circleshield sealed 1` and a line end, one byte with scrypt's log2 N, 16 bytes of salt; then chunks of 64 KiB,
each sealed with ChaCha20-Poly1305 (16 bytes more), the last one shorter or as long. Key: scrypt (RFC 7914) with r = 8
and p = 1. Nonce: the chunk's number in 11 bytes, then 1 for the last chunk, 0 for others, so that chunks can neither
change places nor be left out (the STREAM construction, https://eprint.iacr.org/2015/189). What stands before the chunks
is the associated data of each. What is read has been authenticated; only at the end is it known to be whole.
"""

import os
import unicodedata
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from circleshield_model.errors import InputError

MAGIC = b"circleshield sealed 1\n"
_COST = 17  # 128 MiB, some 0.3 s
_MOST_COST = 20  # a file from elsewhere must not take all memory
_SALT_BYTES = 16
_CHUNK = 65_536
_TAG_BYTES = 16


class SealedWriter:
    """Encrypts what is written to it into `file`; not whole until `close`."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file = file
        self._head = MAGIC + bytes([_COST]) + os.urandom(_SALT_BYTES)
        self._cipher = _cipher(self._head, passphrase)
        self._number = 0
        self._held = bytearray()
        file.write(self._head)

    def write(self, data: bytes) -> int:
        """Takes all of it."""
        self._held += data
        while len(self._held) > _CHUNK:  # the last chunk is known at the end alone
            self._seal(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(data)

    def close(self) -> None:
        """Writes the last chunk; `file` stays open."""
        self._seal(bytes(self._held), last=True)

    def _seal(self, chunk: bytes, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._head))
        self._number += 1


class SealedReader:
    """Decrypts `file`, whose first bytes are MAGIC. Reading raises InputError for what is not as it was written."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file = file
        self._head = file.read(len(MAGIC) + 1 + _SALT_BYTES)
        cost = self._head[len(MAGIC) : len(MAGIC) + 1]
        if len(self._head) < len(MAGIC) + 1 + _SALT_BYTES or not 10 <= cost[0] <= _MOST_COST:
            raise InputError("the file is damaged")
        self._cipher = _cipher(self._head, passphrase)
        self._number = 0
        self._next = file.read(_CHUNK + _TAG_BYTES)
        self._opened = bytearray()
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that is left for -1; fewer only at the end."""
        while not self._ended and (size < 0 or len(self._opened) < size):
            self._open()
        wanted = len(self._opened) if size < 0 else size
        taken = bytes(self._opened[:wanted])
        del self._opened[:wanted]
        return taken

    def _open(self) -> None:
        chunk, self._next = self._next, self._file.read(_CHUNK + _TAG_BYTES)
        self._ended = not self._next
        try:
            self._opened += self._cipher.decrypt(_nonce(self._number, self._ended), chunk, self._head)
        except InvalidTag as e:
            wrong = "the passphrase is wrong, or the file is damaged" if self._number == 0 else "the file is damaged"
            raise InputError(wrong) from e
        self._number += 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _cipher(head: bytes, passphrase: str) -> ChaCha20Poly1305:
    cost, salt = head[len(MAGIC)], head[len(MAGIC) + 1 :]
    secret = unicodedata.normalize("NFC", passphrase).encode()  # keyboards differ in how they compose letters
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, n=2**cost, r=8, p=1).derive(secret))
