"""What arrives on a websocket: bytes in, whole messages out, with what to answer to pings and closes. Plain objects, no sockets.

wsproto reads the frames (RFC 6455); here its events become messages within a bound, and whatever breaks the protocol becomes a close
frame for the peer and a sentence for people.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from peek_trio.errors import LinkLost
from peek_trio.transport.wire.engine import ConnectionState, Engine

__all__ = ["Incoming"]

_LONGEST_REASON = 123  # bytes that a close frame has room for


class Incoming:
    """The receiving half of one websocket whose handshake is done.

    `most` is how many bytes a message may have. `answer` is what the peer is to be sent, control frames or
    nothing; who sends it empties it. `end` says how the websocket ended, once it has: nothing that arrives later counts. `heard_goodbye`
    says that nothing more will come from the peer.
    """

    __slots__ = ("_begun", "_engine", "answer", "end", "heard_goodbye", "most")

    def __init__(self, engine: Engine, most: int) -> None:
        self.most = most
        self.answer = b""
        self.end: LinkLost | None = None
        self.heard_goodbye = False
        self._engine = engine
        self._begun = bytearray()  # a message that has not arrived whole

    def take(self, data: bytes) -> list[bytes | str]:
        """Takes bytes as they arrive, none at the end of the stream. Returns the messages that they complete, the first one last."""
        if not data:
            self.heard_goodbye = True
            self._ends(LinkLost(_MEANINGS[1006], code=1006))
            return []
        if self._engine.state is not ConnectionState.CLOSED:
            self._engine.receive_data(data)
        return self.take_over()

    def take_over(self) -> list[bytes | str]:
        """The messages that are complete. Whoever did the handshake may have received more than that."""
        messages = list(self._messages())
        messages.reverse()
        return messages

    def goodbye(self, code: int, reason: str) -> bytes:
        """The close frame that is still to be sent: for this code and reason, or the answer to the peer's; empty when it was sent."""
        answer, self.answer = self.answer, b""
        if self.end is not None:
            return answer
        self._ends(LinkLost("This end closed the connection.", code=code))
        return bytes(self._engine.send(CloseConnection(code, _fitting(reason))))

    def _messages(self) -> Iterator[bytes | str]:
        for event in self._engine.events():
            if isinstance(event, BytesMessage):
                if self._grows(event.data, event.message_finished):
                    yield self._whole()
            elif isinstance(event, TextMessage):
                if self._grows(event.data.encode(), event.message_finished):
                    yield self._whole().decode()
            elif isinstance(event, CloseConnection):
                self._closed(event)
            elif isinstance(event, Ping) and self._engine.state is ConnectionState.OPEN:
                self.answer += bytes(self._engine.send(event.response()))

    def _grows(self, data: bytes | bytearray, finished: bool) -> bool:
        """The message under way grows; True when it is whole."""
        if self.end is not None:
            return False
        self._begun += data
        if len(self._begun) > self.most:
            self._begun = bytearray()
            self._fail(1009, f"A message is larger than the {self.most} bytes allowed here.")
            return False
        return finished

    def _whole(self) -> bytes:
        message, self._begun = bytes(self._begun), bytearray()
        return message

    def _closed(self, event: CloseConnection) -> None:
        match self._engine.state:
            case ConnectionState.REMOTE_CLOSING:  # the peer began it
                self.heard_goodbye = True
                self.answer += bytes(self._engine.send(event.response()))
                self._ends(LinkLost(event.reason or _MEANINGS.get(event.code, _ENDED), code=int(event.code)))
            case ConnectionState.CLOSED:  # the answer to ours
                self.heard_goodbye = True
            case _:  # what arrived is no websocket frame
                self._fail(int(event.code), f"What arrived is not the websocket protocol: {event.reason}.")

    def _fail(self, code: int, sentence: str) -> None:
        if self.end is None:
            self._ends(LinkLost(sentence, code=code))
            self.answer = bytes(self._engine.send(CloseConnection(code, _fitting(sentence))))

    def _ends(self, end: LinkLost) -> None:
        if self.end is None:
            self.end = end


_ENDED = "The other side ended the link."
_MEANINGS = {
    1001: "The other side is stopping.",
    1006: "The connection was lost.",
    1009: "A message was larger than the other side takes.",
    1011: "The other side has an internal fault.",
    1012: "The other side restarts.",
    1013: "This end takes too long to receive.",
}


def _fitting(reason: str) -> str:
    """`reason`, cut to what a close frame has room for."""
    return reason.encode("utf-8", "replace")[:_LONGEST_REASON].decode("utf-8", "ignore")
