# mypy: disable-error-code="empty-body"
# A contract is a declaration: its body is never run.
"""What the platform itself offers over links: to administrators, to client services, and to every service."""

from typing import Any

from peek_trio.nursery.platform_tuples import ActivityPage, ActivityQuery, ServiceTraffic, SignedIn, SignInAnswer
from peek_trio.plugin.status import PluginStatus
from peek_trio.transport import ServiceKind, rpc

SATELLITE_KINDS: tuple[ServiceKind, ...] = ("agent", "client", "worker")

# For the admin site and the operator's command line.


@rpc(served_by="server", name="peek.save_setting")
async def save_setting(plugin: str, key: str, value: Any) -> None:
    """Give a plugin's setting a new value. Raises Rejected when it does not fit."""
    ...


@rpc(served_by="server", name="peek.add_person")
async def add_person(name: str, title: str, roles: list[str]) -> None:
    """Add a person, who cannot sign in before they have a password or a sign-in link."""
    ...


@rpc(served_by="server", name="peek.set_person_roles")
async def set_person_roles(name: str, roles: list[str]) -> None:
    """Replace a person's roles. Raises Rejected when no administrator would remain."""
    ...


@rpc(served_by="server", name="peek.set_person_password")
async def set_person_password(name: str, password: str | None) -> None:
    """Give a person a password, or take it away with None."""
    ...


@rpc(served_by="server", name="peek.remove_person")
async def remove_person(name: str) -> None:
    """Remove a person and end their sessions. Raises Rejected for the last administrator."""
    ...


@rpc(served_by="server", name="peek.create_sign_in_link")
async def create_sign_in_link(name: str) -> str:
    """A one-time code that signs the person in within the hour: `/sign-in#code=…` on any site."""
    ...


@rpc(served_by="server", name="peek.first_sign_in_code")
async def first_sign_in_code() -> str | None:
    """A one-time code for the first administrator, as long as that person has no password; else None."""
    ...


@rpc(served_by="server", name="peek.traffic")
async def traffic() -> list[ServiceTraffic]:
    """What every service carries that is linked to the server, and the server itself; who does not answer within two seconds is missing."""
    ...


@rpc(served_by="server", name="peek.activity")
async def activity(query: ActivityQuery) -> ActivityPage:
    """Actions and what became of them, newest first. Kept as long as receipts are."""
    ...


# For client services, who keep sessions by asking the server.


@rpc(served_by="server", name="peek.session_sign_in")
async def session_sign_in(name: str, password: str) -> SignInAnswer:
    """Begin a session with a password."""
    ...


@rpc(served_by="server", name="peek.session_redeem")
async def session_redeem(code: str) -> SignInAnswer:
    """Begin a session with a one-time code."""
    ...


@rpc(served_by="server", name="peek.session_resolve")
async def session_resolve(token: str) -> SignedIn | None:
    """Whom a session token proves, or None."""
    ...


@rpc(served_by="server", name="peek.session_sign_out")
async def session_sign_out(token: str) -> None:
    """End a session."""
    ...


@rpc(served_by="server", name="peek.session_change_password")
async def session_change_password(token: str, current: str | None, new: str) -> str:
    """Change the password of a session's person. Returns a refusal for the person, empty when it is done."""
    ...


@rpc(served_by="client", name="peek.sessions_ended")
async def sessions_ended(name: str) -> None:
    """The sessions of the person `name` have ended: forget them, and close the links of their devices."""
    ...


# For every service.


@rpc(served_by="server", name="peek.report_plugins")
async def report_plugins(plugins: list[PluginStatus]) -> None:
    """How the caller's plugins are doing: all of them, each time."""
    ...


@rpc(served_by="server", name="peek.database_url")
async def database_url() -> str:
    """The address that a worker connects to the database with. It may hold a password."""
    ...


# For the server, of every other service.


async def _own_traffic() -> ServiceTraffic:
    """What the service that serves this carries."""
    ...


own_traffic = {
    kind: rpc(served_by=kind, name="peek.own_traffic", idempotent=True)(_own_traffic) for kind in SATELLITE_KINDS
}
