"""The headers that go with every answer of a site, so that a mistake in a page stays a mistake and does not become a hole.

Nothing may run, be drawn or be asked for unless it comes from the site itself; the one inline script, the import map, is named by its
hash. The policy is the same for pages, assets, errors and what plugins mount: a service worker, for one, is bound by the policy of its
own file, and not by the page's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from peek_trio.frontend.asgi import Header

__all__ = ["content_security_policy", "script_hash", "security_headers"]


def script_hash(source: str) -> str:
    """How a policy names the inline script `source`: `'sha256-…'`."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def content_security_policy(inline_scripts: Iterable[str] = ()) -> str:
    """The policy of a site whose pages carry exactly these inline scripts.

    `connect-src 'self'` covers the site's own websocket too, in Chromium, Firefox and WebKit.
    """
    scripts = " ".join(["'self'", *(script_hash(source) for source in inline_scripts)])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def security_headers(policy: str) -> list[Header]:
    """The headers for every answer under the content security policy `policy`."""
    return [
        (b"content-security-policy", policy.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
