"""The edge of a plugin: its code may raise anything, and the link it was called from must not notice.

What the patterns share: ask a policy, find the one error within a group, and say to whoever asked what went wrong.
"""

from __future__ import annotations

import logging

from peek_trio.errors import (
    CallError,
    DatabaseUnavailable,
    NotAllowed,
    PeekError,
    RemoteError,
    TaskError,
    Unavailable,
    sentence_of,
)
from peek_trio.security import Policy, Principal

__all__ = ["FAULTS", "core_of", "expected", "failure", "refusal"]

log = logging.getLogger(__name__)

FAULTS = (Exception, SystemExit, GeneratorExit)
"""What a plugin's code may raise at its edge. `sys.exit()` in one plugin must not end the service that hundreds of others run on."""


def refusal(policy: Policy, principal: Principal, what: str) -> NotAllowed | None:
    """Why `principal` may not do `what`; None when it may. A policy that itself fails refuses."""
    try:
        policy.check(principal, what)
    except NotAllowed as error:
        return error
    except Exception:
        log.exception("The policy %r failed; %s was refused.", policy.name, what)
        return NotAllowed(f"{what} was refused because its policy failed; the log of the service says why.")
    return None


def core_of(error: BaseException) -> Exception:
    """The only error in nested groups of one, as nurseries make them; of several, the first that is ours; else the group itself.

    Of what is no Exception it makes one.
    """
    if not isinstance(error, Exception):
        core = RuntimeError(f"{type(error).__name__} was raised")
        core.__cause__ = error
        return core
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [core_of(inner) for inner in error.exceptions]
    if len(leaves) == 1:
        return leaves[0]
    return next((leaf for leaf in leaves if isinstance(leaf, PeekError)), error)


def expected(error: Exception) -> bool:
    """Whether an error is an answer (a refusal, a conflict) rather than a fault that belongs in a log with its traceback.

    A database that is away is one too: whoever looks after it is told once, not at every question meanwhile.
    """
    return isinstance(error, (CallError, TaskError, DatabaseUnavailable))


def failure(raised: BaseException, doing: str, *, service: str, trace: str) -> PeekError:
    """What whoever asked is told when a plugin's function raised, and a line in the log when that is a fault.

    `doing` begins the line ("Serving p.add"). The traceback stays in the log of this `service`; the sentence that leaves it names the
    trace, by which a person who was shown it leads an administrator there.
    """
    error = core_of(raised)
    if not expected(error):
        log.error("%s failed.", doing, exc_info=error, extra={"trace": trace})
    if not isinstance(error, PeekError):
        sentence = sentence_of(error).removesuffix(".")
        return RemoteError(f"{sentence}. The log of the {service} says why (trace {trace}).")
    if isinstance(error, Unavailable) and not error.sent:
        return Unavailable(error.message, sent=True)  # whatever it says of what it asked for in turn: this was begun
    return error
