"""Large binary values in pieces."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import BinaryPieces, Database, binary_size, read_binary, read_piece, write_binary
from peek_trio.storage.large_binary import PIECE


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_photos")


class Photo(Base):
    __tablename__ = "photo"
    id: Mapped[int] = mapped_column(primary_key=True)


class PhotoPieces(BinaryPieces, Base):
    __tablename__ = "photo_pieces"
    owner: Mapped[int] = mapped_column(ForeignKey(Photo.id, ondelete="CASCADE"), primary_key=True)


@pytest.fixture
async def photos(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_photos"))
        Base.metadata.create_all(session.connection())
        session.add_all([Photo(id=1), Photo(id=2)])

    await database.run(create)
    return database


async def stored(database: Database, owner: int) -> bytes:
    return await database.run(lambda session: b"".join(read_binary(session, PhotoPieces, owner)), read_only=True)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
async def test_what_is_written_is_read(photos: Database, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    assert await photos.run(lambda session: write_binary(session, PhotoPieces, 1, io.BytesIO(content))) == size
    assert await stored(photos, 1) == content
    assert await photos.run(lambda session: binary_size(session, PhotoPieces, 1)) == size


async def test_parts_of_any_size_become_pieces_of_one_size(photos: Database) -> None:
    parts = [b"a" * 1000, b"", b"b" * (2 * PIECE), b"c"]
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, parts))
    sizes = await photos.run(
        lambda session: [len(piece) for piece in read_binary(session, PhotoPieces, 1)], read_only=True
    )
    assert sizes == [PIECE, PIECE, 1001]
    assert await stored(photos, 1) == b"".join(parts)


async def test_a_value_takes_the_place_of_the_one_before(photos: Database) -> None:
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, [b"x" * 2 * PIECE]))
    await photos.run(lambda session: write_binary(session, PhotoPieces, 2, [b"another one's"]))
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, [b"short"]))
    assert await stored(photos, 1) == b"short"
    assert await stored(photos, 2) == b"another one's"


async def test_a_source_that_breaks_off_leaves_the_old_value(photos: Database) -> None:
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, [b"old"]))

    def broken() -> Iterator[bytes]:
        yield b"x" * PIECE
        raise ValueError("the line went dead")

    with pytest.raises(sa.exc.DBAPIError, match="the line went dead"):
        await photos.run(lambda session: write_binary(session, PhotoPieces, 1, broken()))
    assert await stored(photos, 1) == b"old"


async def test_nothing_there_is_no_pieces_and_no_bytes(photos: Database) -> None:
    assert await stored(photos, 7) == b""
    assert await photos.run(lambda session: binary_size(session, PhotoPieces, 7)) == 0


async def test_a_single_piece_can_be_asked_for(photos: Database) -> None:
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, [b"x" * PIECE + b"y"]))
    assert await photos.run(lambda session: read_piece(session, PhotoPieces, 1, 1)) == b"y"
    assert await photos.run(lambda session: read_piece(session, PhotoPieces, 1, 2)) is None


async def test_it_goes_with_its_owner(photos: Database) -> None:
    await photos.run(lambda session: write_binary(session, PhotoPieces, 1, [b"gone"]))
    await photos.run(lambda session: session.execute(sa.delete(Photo)))
    assert await stored(photos, 1) == b""


async def test_a_large_value_needs_little_memory(photos: Database) -> None:
    pieces = 64  # 16 MB

    def write(session: Session) -> int:
        tracemalloc.start()
        write_binary(session, PhotoPieces, 1, (b"x" * PIECE for _ in range(pieces)))
        for _ in read_binary(session, PhotoPieces, 1):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert await photos.run(write) < 16 * PIECE
