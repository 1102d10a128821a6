"""Says in one sentence why a plugin failed. The traceback goes to the log, not to people."""

from __future__ import annotations

from peek_trio.errors import PeekError

__all__ = ["leaves", "reason_for"]

_SENTENCES = {
    "import": "Its code cannot be imported: {}",
    "migrate": "Its tables cannot be brought up to date: {}",
    "load": "Its peek_load failed: {}",
    "start": "Its peek_start failed: {}",
    "run": "One of its tasks failed: {}",
    "stop": "It did not stop cleanly: {}",
    "unload": "It did not unload cleanly: {}",
}


def reason_for(phase: str, error: BaseException) -> str:
    """The sentence for an error, or a group of them, that came out of a phase of a plugin's life."""
    first, *others = leaves(error)
    text = str(first) if isinstance(first, PeekError) else f"{type(first).__name__}: {first}".removesuffix(": ")
    if others:
        text += f" (and {len(others)} more)"
    return _SENTENCES[phase].format(text if text.endswith((".", "!", "?")) else text + ".")


def leaves(error: BaseException) -> list[BaseException]:
    """The errors in a group, however deep; an error that is no group is its own only leaf."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]
