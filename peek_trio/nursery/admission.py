"""Who may link to the server as a service: whoever has the token of its kind and runs the same release."""

from collections.abc import Awaitable, Callable

from peek_trio import __version__
from peek_trio.errors import LinkRefused
from peek_trio.security import Principal
from peek_trio.security.tokens import same_token, token_for
from peek_trio.transport.wire import Hello, same_release

SERVICE_KINDS = frozenset({"client", "agent", "worker", "operator"})


def admit_services(secret: str, version: str = __version__) -> Callable[[Hello], Awaitable[Principal]]:
    """The admission for service links: a principal for a good hello, LinkRefused with a sentence for any other."""

    async def admit(hello: Hello) -> Principal:
        if hello.service not in SERVICE_KINDS:
            raise LinkRefused(f'There is no service of the kind "{hello.service}".', code="protocol")
        if not same_token(hello.token, token_for(secret, hello.service)):
            raise LinkRefused(
                f"The service token of this {hello.service} is not the one of this server. Run `python -m peek_trio token "
                f"{hello.service}` on the server's machine and put what it prints into service.token.",
                code="token",
            )
        if not same_release(hello.version, version):
            raise LinkRefused(
                f"This {hello.service} runs Peek {hello.version}, the server runs {version}. Install the same release.",
                code="version",
            )
        return Principal.for_service(hello.service, hello.id, hello.name)

    return admit
