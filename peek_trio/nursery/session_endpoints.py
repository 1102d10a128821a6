"""The server's side of sessions on client services: the calls that `RemoteAuthority` makes, answered from the accounts."""

from collections.abc import Awaitable

from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.platform_tuples import SessionGrant, SignedIn, SignInAnswer
from peek_trio.security import Principal, Session, SessionAuthority, SignInRefused, services_of
from peek_trio.transport import Scope

_CLIENTS = services_of("client")


def serve_sessions(scope: Scope, authority: SessionAuthority) -> None:
    """Let client services begin, check and end sessions."""

    async def sign_in(name: str, password: str) -> SignInAnswer:
        return await _answer(authority.sign_in(name, password))

    async def redeem(code: str) -> SignInAnswer:
        return await _answer(authority.redeem(code))

    async def resolve(token: str) -> SignedIn | None:
        principal = await authority.resolve(token)
        return None if principal is None else _signed_in(principal)

    async def change_password(token: str, current: str | None, new: str) -> str:
        try:
            await authority.change_password(token, current, new)
        except SignInRefused as refused:
            return str(refused)
        return ""

    scope.serve(contracts.session_sign_in, sign_in, allow=_CLIENTS)
    scope.serve(contracts.session_redeem, redeem, allow=_CLIENTS)
    scope.serve(contracts.session_resolve, resolve, allow=_CLIENTS)
    scope.serve(contracts.session_sign_out, authority.sign_out, allow=_CLIENTS)
    scope.serve(contracts.session_change_password, change_password, allow=_CLIENTS)


async def _answer(beginning: Awaitable[Session]) -> SignInAnswer:
    try:
        session = await beginning
    except SignInRefused as refused:
        return SignInAnswer(refusal=str(refused), after=refused.after)
    return SignInAnswer(SessionGrant(session.token, _signed_in(session.principal), session.expires))


def _signed_in(principal: Principal) -> SignedIn:
    return SignedIn(principal.name, principal.title, sorted(principal.roles))
