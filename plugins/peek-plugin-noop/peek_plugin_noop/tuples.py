"""What the pages of this plugin show."""

from __future__ import annotations

from datetime import datetime

import attrs

from peek_trio import tuple_type


@tuple_type("peek_plugin_noop.SignOfLife")
@attrs.frozen
class SignOfLife:
    """One part of this plugin that said it runs: where, since when, and when it last said so."""

    service: str
    service_id: str
    since: datetime
    last_seen: datetime
    note: str
