"""Who is asking, and may they. Principals, policies, sessions, tokens and passwords.

`People`, who keeps accounts in the database, is in `peek_trio.security.people` and is imported from there: a service with no
database has no need of it.
"""

from peek_trio.security.authority import Session, SessionAuthority, SignInRefused
from peek_trio.security.policies import Policy, admin, anyone, role, services, services_of, signed_in
from peek_trio.security.principals import NOBODY, Principal
from peek_trio.security.tokens import same_token, service_token

__all__ = [
    "NOBODY",
    "Policy",
    "Principal",
    "Session",
    "SessionAuthority",
    "SignInRefused",
    "admin",
    "anyone",
    "role",
    "same_token",
    "service_token",
    "services",
    "services_of",
    "signed_in",
]
