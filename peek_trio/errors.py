"""Every error the platform raises on purpose, and how errors cross a link.

One root, `PeekError`, and few kinds with one meaning each. `str(error)` is a sentence for people: what is wrong, where, and what to do.
An error crosses a link as its kind and its message, never with a traceback (`to_wire`, `from_wire`).

    PeekError
    ├── ConfigError
    ├── TupleError
    ├── LinkError ── LinkLost, LinkRefused, FrameError
    ├── CallError ── NotAllowed, NoSuchEndpoint, DeadlineExceeded, Unavailable, BadRequest, Rejected, Conflict, RemoteError
    ├── PluginError
    ├── StorageError ── DatabaseUnavailable (── StorageFull), MigrationError
    └── TaskError ── TaskFailed, TaskDied, TaskTimeout
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "BadRequest",
    "CallError",
    "ConfigError",
    "Conflict",
    "DatabaseUnavailable",
    "DeadlineExceeded",
    "FrameError",
    "LinkError",
    "LinkLost",
    "LinkRefused",
    "MigrationError",
    "NoSuchEndpoint",
    "NotAllowed",
    "PeekError",
    "PluginError",
    "Rejected",
    "RemoteError",
    "StorageError",
    "StorageFull",
    "TaskDied",
    "TaskError",
    "TaskFailed",
    "TaskTimeout",
    "TupleError",
    "Unavailable",
    "from_wire",
    "sentence_of",
    "to_wire",
]

LARGEST_ROW = 16 * 1024
"""Characters of a row, as JSON, that cross a link with a Conflict."""

LONGEST_MESSAGE = 4000
"""Characters of a message that cross a link; an error is a sentence, not a document."""


class PeekError(Exception):
    """The root of all errors that the platform raises on purpose. `str(error)` may be shown to people as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigError(PeekError):
    """A file, manifest or command-line value is wrong. The message says which one, where in it, and what was expected."""


class TupleError(PeekError):
    """Data does not fit its declared type. Whoever made the data is at fault.

    `path` leads to the value within the data, as in `$.rows[3].name`; `$` is the whole. `message` is the sentence without the path.
    """

    def __init__(self, message: str, *, path: str = "$") -> None:
        super().__init__(message)
        self.path = path

    def __str__(self) -> str:
        return self.message if self.path == "$" else f"{self.path}: {self.message}"

    def within(self, step: str) -> TupleError:
        """The same error seen from one level further out: `step` (".name", "[3]") leads from there to here."""
        return TupleError(self.message, path="$" + step + self.path.removeprefix("$"))


class LinkError(PeekError):
    """Something about a link between two ends of the platform."""


class LinkLost(LinkError):
    """The link ended, or could not be made. Dial again, with backoff.

    `code` is the websocket close code (1006 when there was none), `reason` the sentence that came with it.
    """

    def __init__(self, reason: str, *, code: int = 1006) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LinkRefused(LinkError):
    """The other end does not want this link. Dialling again helps only when something is changed first.

    `code` is one of "protocol", "token", "sign-in", "version" and "busy"; `reason` is a sentence for people.
    """

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameError(LinkError):
    """The peer sent bytes that are not our protocol; its link is closed with `close_code` (1002, 1003 or 1009)."""

    def __init__(self, message: str, *, close_code: int = 1002) -> None:
        super().__init__(message)
        self.close_code = close_code


class CallError(PeekError):
    """A call, subscription, action or message failed. The subclasses say how."""


class NotAllowed(CallError):
    """The policy of the endpoint does not let this principal in."""


class NoSuchEndpoint(CallError):
    """Nobody serves this method, provides this type or listens to this filt."""


class DeadlineExceeded(CallError):
    """There was no answer in the time that the caller gave."""


class Unavailable(CallError):
    """The peer that would answer is not connected just now. Trying again later may help.

    `sent` False: the request did not reach whoever would have carried it out, so nothing was done. True: it was sent, and the link or
    the peer was lost before an answer came, so it may have been carried out.
    """

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class BadRequest(CallError):
    """The arguments do not fit the method."""


class Rejected(CallError):
    """The application says no, for a reason of its own. Raise it in handlers: the user reads the message."""


class Conflict(CallError):
    """Somebody else changed the row since it was read. Read it again.

    `row` is the row as it is now, a JSON object, and `version` what names that state; `fields` are those in which it differs from what
    was to be saved. None and empty where nobody could tell; `gone` says that the row is not there any more.
    """

    def __init__(
        self,
        message: str,
        *,
        row: Mapping[str, Any] | None = None,
        version: str = "",
        fields: Sequence[str] = (),
        gone: bool = False,
    ) -> None:
        super().__init__(message)
        self.row = row
        self.version = version
        self.fields = tuple(fields)
        self.gone = gone


class RemoteError(CallError):
    """The other side failed in a way that has no kind of its own here. `kind` is the name of its error type, "" if it has none."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class PluginError(PeekError):
    """A plugin cannot be used, or used the platform wrongly.

    `plugin` is its name, `phase` one of "import", "manifest", "load", "start", "stop", "unload" and "run".
    """

    def __init__(self, message: str, *, plugin: str = "", phase: str = "run") -> None:
        super().__init__(message)
        self.plugin = plugin
        self.phase = phase


class StorageError(PeekError):
    """Something about the database."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached, or cannot do it, just now. Trying again later may help.

    `stale` True: the connection had been lost before the database answered anything on it, so nothing was done; a new connection may
    well work at once, and `Database` has tried that.
    """

    def __init__(self, message: str, *, stale: bool = False) -> None:
        super().__init__(message)
        self.stale = stale


class StorageFull(DatabaseUnavailable):
    """The database takes no changes just now, mostly because its disk is full; reading goes on. Trying again helps once there is room."""


class MigrationError(StorageError):
    """The schema in the database cannot be brought to what the code needs."""


class TaskError(PeekError):
    """A task on a worker did not end well."""


class TaskFailed(TaskError):
    """The task raised an exception; `kind` is the name of its type."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class TaskDied(TaskError):
    """The process that ran the task ended. `exit_code` or `signal` (its number) says how, the other one is None."""

    def __init__(self, message: str, *, exit_code: int | None = None, signal: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.signal = signal


class TaskTimeout(TaskError):
    """The task took longer than its timeout and was stopped."""


def to_wire(error: BaseException) -> dict[str, Any]:
    """The error as a JSON object: `type`, `message`, `path` of a TupleError, `sent` of an Unavailable if it is true, and
    what a Conflict tells of the row.

    An exception that is no PeekError becomes a RemoteError that names its class; nothing of its traceback crosses. A group of one is
    taken for the one in it, so that a handler may use nurseries.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if not isinstance(error, PeekError):
        return {"type": "RemoteError", "message": sentence_of(error)}
    kind = type(error).__name__
    if isinstance(error, RemoteError) and error.kind:
        kind = error.kind  # relayed: the next hop is told what the first one was
    data: dict[str, Any] = {"type": kind, "message": _sendable(error.message)}
    if isinstance(error, TupleError):
        data["path"] = error.path
    elif isinstance(error, Unavailable) and error.sent:
        data["sent"] = True
    elif isinstance(error, Conflict):
        data |= _now(error)
    return data


def _now(conflict: Conflict) -> dict[str, Any]:
    """What a conflict says of the row: without it when it is too large for a header, since the row can be read again."""
    if conflict.gone:
        return {"gone": True}
    if not conflict.version:
        return {}
    told: dict[str, Any] = {"version": conflict.version, "fields": list(conflict.fields)}
    if conflict.row is not None and len(json.dumps(conflict.row)) <= LARGEST_ROW:
        told["row"] = conflict.row
    return told


def sentence_of(error: BaseException) -> str:
    """What people and peers are told of an error: its sentence if it is ours, else its class and the first line of its text.

    The lines after the first are for the log: a database error's are the statement and its values.
    """
    if isinstance(error, PeekError):
        return _sendable(str(error))
    try:
        words = str(error)
    except Exception:  # noqa: BLE001  # whoever wrote it cannot be told here; its traceback is logged by its class
        words = "an error that cannot be told"
    return _sendable(f"{type(error).__name__}: {words}".partition("\n")[0])


def _sendable(sentence: str) -> str:
    """As much of a sentence as crosses a link, in characters that do: half a surrogate pair is no text."""
    return sentence[:LONGEST_MESSAGE].encode(errors="replace").decode()


def from_wire(data: Mapping[str, Any]) -> PeekError:
    """The error that `to_wire` described.

    TupleError, DatabaseUnavailable and the kinds of CallError and TaskError come back as their class; every other one is a RemoteError
    that keeps the name in `kind`. Never raises: what is missing or of the wrong type is replaced.
    """
    kind = data.get("type")
    message = data.get("message")
    if not isinstance(message, str) or not message:
        message = "The other side failed without saying why."
    message = message[:LONGEST_MESSAGE]
    if not isinstance(kind, str) or kind == "RemoteError":
        return RemoteError(message)
    if kind == "TupleError":
        path = data.get("path")
        return TupleError(message, path=path if isinstance(path, str) else "$")
    if kind == "Unavailable":
        return Unavailable(message, sent=data.get("sent") is True)
    if kind == "Conflict":
        return _conflict(message, data)
    known = _REBUILT.get(kind)
    return known(message) if known is not None else RemoteError(message, kind=kind[:100])


def _conflict(message: str, data: Mapping[str, Any]) -> Conflict:
    row, version, fields = data.get("row"), data.get("version"), data.get("fields")
    return Conflict(
        message,
        row=row if isinstance(row, Mapping) else None,
        version=version if isinstance(version, str) else "",
        fields=[field for field in fields if isinstance(field, str)] if isinstance(fields, list) else (),
        gone=data.get("gone") is True,
    )


_REBUILT: Mapping[str, type[PeekError]] = {
    kind.__name__: kind
    for kind in (
        CallError,
        NotAllowed,
        NoSuchEndpoint,
        DeadlineExceeded,
        BadRequest,
        Rejected,
        DatabaseUnavailable,
        StorageFull,
        TaskError,
        TaskFailed,
        TaskDied,
        TaskTimeout,
    )
}
