"""Whether a request comes from a page of the site itself. Browsers say in `Origin` where a page is from, and a page cannot change that."""

from __future__ import annotations

__all__ = ["SAFE_METHODS", "same_origin"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, and so may come from anywhere."""


def same_origin(origin: str | None, host: str | None, *, tls: bool) -> bool:
    """Whether `origin` is this site, as the client addressed it in `Host`. Without an origin it is no browser's page, and so is allowed.

    A site without TLS accepts its own host with https as well: then a proxy in front of it has the TLS.
    """
    if origin is None:
        return True
    if not host:
        return False
    allowed = {f"https://{host}"} if tls else {f"http://{host}", f"https://{host}"}
    return origin.lower() in {name.lower() for name in allowed}
