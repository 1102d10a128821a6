"""How a service introduces itself."""

import socket
from pathlib import Path

from peek_trio import __version__
from peek_trio.config import service_id
from peek_trio.security import Principal
from peek_trio.transport.wire import Hello


def introduction(service: str, home: Path, *, token: str = "") -> Hello:
    """The hello of the service that lives in `home`. Its name is that of the machine."""
    return Hello(
        service=service,
        id=service_id(service, home),
        name=socket.gethostname(),
        version=__version__,
        plugins={},
        schemas={},
        token=token,
    )


def own_principal(me: Hello) -> Principal:
    """Who this service is when it acts for itself."""
    return Principal.for_service(me.service, me.id, me.name)
