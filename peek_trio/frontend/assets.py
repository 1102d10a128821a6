"""Files served from memory: each is read, hashed and compressed once, and then costs a dictionary look-up and a send.

An address that contains the content's hash is immutable: a browser asks for it once. Every other file is checked by its ETag each time.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import PurePosixPath

import attrs

from peek_trio.frontend.asgi import Header, Scope, Send, answer_text, header

__all__ = ["Asset", "content_type", "serve_asset"]

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
    "application/wasm",
    "application/xml",
)
_WORTH_COMPRESSING = 512


def content_type(path: str) -> str:
    """The type a file's name tells. The table is ours: the machine's own differs from one machine to the next."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")


@attrs.frozen(eq=False)
class Asset:
    """One file, ready to be sent, plain or compressed."""

    body: bytes = attrs.field(repr=False)
    headers: list[Header] = attrs.field(repr=False)
    compressed: bytes | None = attrs.field(repr=False)
    compressed_headers: list[Header] = attrs.field(repr=False)
    digest: str

    @classmethod
    def of(cls, body: bytes, kind: str, *, immutable: bool) -> Asset:
        """The file with this content and content type. `immutable` says that its address changes whenever its content does."""
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        compressed = (
            gzip.compress(body, 9, mtime=0)
            if len(body) >= _WORTH_COMPRESSING and kind.startswith(_COMPRESSIBLE)
            else body
        )
        caching = b"public, max-age=31536000, immutable" if immutable else b"no-cache"

        def headers(size: int, etag: str, *more: Header) -> list[Header]:
            return [
                (b"content-type", kind.encode("ascii")),
                (b"content-length", b"%d" % size),
                (b"etag", f'"{etag}"'.encode("ascii")),
                (b"cache-control", caching),
                (b"vary", b"accept-encoding"),
                *more,
            ]

        plain = headers(len(body), digest)
        if len(compressed) >= len(body):
            return cls(body, plain, None, [], digest)
        packed = headers(len(compressed), f"{digest}-gzip", (b"content-encoding", b"gzip"))
        return cls(body, plain, compressed, packed, digest)


async def serve_asset(asset: Asset, scope: Scope, send: Send) -> None:
    """Answer a GET or HEAD request with `asset`, or with 304 when the browser has it already."""
    if scope["method"] not in ("GET", "HEAD"):
        await answer_text(send, 405, "This file can only be read.", [(b"allow", b"GET, HEAD")])
        return
    packed = asset.compressed is not None and _accepts_gzip(header(scope, b"accept-encoding"))
    headers = asset.compressed_headers if packed else asset.headers
    known = header(scope, b"if-none-match")
    if known is not None and (asset.digest in known or known.strip() == "*"):
        await send({"type": "http.response.start", "status": 304, "headers": headers[2:5]})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": asset.compressed if packed else asset.body})


def _accepts_gzip(accepted: str | None) -> bool:
    if accepted is None or "gzip" not in accepted:
        return False
    for choice in accepted.split(","):
        name, _, weight = choice.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
