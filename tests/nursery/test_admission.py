"""admission: who may link to the server as a service."""

import attrs
import pytest

from peek_trio.errors import LinkRefused
from peek_trio.nursery.admission import admit_services
from peek_trio.security.tokens import token_for
from peek_trio.transport.wire import Hello

SECRET = "t" * 40
AGENT = Hello(
    service="agent",
    id="agent-1",
    name="gate",
    version="0.1.4",
    plugins={},
    schemas={},
    token=token_for(SECRET, "agent"),
)


async def test_a_service_with_the_token_is_itself() -> None:
    principal = await admit_services(SECRET, "0.1.0")(AGENT)
    assert (principal.kind, principal.name, principal.roles) == ("service", "agent-1", {"agent"})


@pytest.mark.parametrize("token", ["", "x" * 40, SECRET, token_for(SECRET, "operator")])
async def test_without_the_token_there_is_no_link(token: str) -> None:
    with pytest.raises(
        LinkRefused, match=r"is not the one of this server\. Run `python -m peek_trio token agent`"
    ) as refused:
        await admit_services(SECRET, "0.1.0")(attrs.evolve(AGENT, token=token))
    assert refused.value.code == "token"


async def test_another_release_is_refused_with_both_versions() -> None:
    with pytest.raises(LinkRefused, match=r"This agent runs Peek 0\.1\.4, the server runs 0\.2\.0") as refused:
        await admit_services(SECRET, "0.2.0")(AGENT)
    assert refused.value.code == "version"


async def test_a_device_is_no_service_even_with_the_token() -> None:
    with pytest.raises(LinkRefused, match='no service of the kind "device"'):
        await admit_services(SECRET, "0.1.0")(attrs.evolve(AGENT, service="device"))


async def test_nobody_becomes_the_server() -> None:
    with pytest.raises(LinkRefused, match='no service of the kind "server"'):
        await admit_services(SECRET, "0.1.0")(attrs.evolve(AGENT, service="server"))
