"""The edge of a plugin: its code may raise anything, and the link it was called from must not notice.

Two small functions that the patterns share: ask a policy, and find the one error within a group.
"""

from __future__ import annotations

import logging

from peek_trio.errors import CallError, DatabaseUnavailable, NotAllowed, PeekError, TaskError
from peek_trio.security import Policy, Principal

__all__ = ["core_of", "expected", "refusal"]

log = logging.getLogger(__name__)


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


def core_of(error: Exception) -> Exception:
    """The only error in nested groups of one, as nurseries make them; of several, the first that is ours; else the group itself."""
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
