"""Large binary values, cut into pieces: written and read as a stream, so that a file of a gigabyte needs no gigabyte of memory.

A plugin declares a table for the pieces with its own metadata and migrations, as it declares any::

    class PhotoPieces(BinaryPieces, Base):
        __tablename__ = "photo_pieces"
        owner: Mapped[int] = mapped_column(ForeignKey(Photo.id, ondelete="CASCADE"), primary_key=True)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from peek_trio.storage.bulk_insert import bulk_insert

__all__ = ["PIECE", "BinaryPieces", "binary_size", "read_binary", "read_piece", "write_binary"]

PIECE = 256 * 1024
"""Bytes in a piece; the last one may have fewer."""


class BinaryPieces:
    """Makes a mapped class the pieces of binary values. `owner` says whose value it is, `number` counts its pieces from 0."""

    owner: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


def write_binary(session: Session, pieces: type[BinaryPieces], owner: int, source: BinaryIO | Iterable[bytes]) -> int:
    """Stores what `source` (an open file, or an iterable of bytes) gives as the value of `owner`, in place of what was there.

    Returns how many bytes it was. One piece at a time is in memory.
    """
    session.execute(sa.delete(pieces).where(pieces.owner == owner))
    size = 0

    def rows() -> Iterator[tuple[int, int, bytes]]:
        nonlocal size
        for number, piece in enumerate(_pieces(source)):
            size += len(piece)
            yield owner, number, piece

    bulk_insert(session, pieces, rows(), columns=("owner", "number", "data"))
    return size


def read_binary(session: Session, pieces: type[BinaryPieces], owner: int) -> Iterator[bytes]:
    """The value of `owner`, piece by piece; nothing when there is none."""
    number = 0
    while (piece := read_piece(session, pieces, owner, number)) is not None:
        yield piece
        number += 1


def read_piece(session: Session, pieces: type[BinaryPieces], owner: int, number: int) -> bytes | None:
    """One piece; None behind the last one. For whoever hands the pieces on slowly and should not hold a transaction meanwhile."""
    return session.scalar(sa.select(pieces.data).where(pieces.owner == owner, pieces.number == number))


def binary_size(session: Session, pieces: type[BinaryPieces], owner: int) -> int:
    """How many bytes the value of `owner` has; 0 when there is none."""
    size = sa.func.coalesce(sa.func.sum(sa.func.octet_length(pieces.data)), 0)
    return int(session.scalar(sa.select(size).where(pieces.owner == owner)) or 0)


def _pieces(source: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(source, "read", None)
    if read is not None:
        while piece := read(PIECE):
            yield piece
        return
    waiting = bytearray()
    for part in source:
        waiting += part
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)
