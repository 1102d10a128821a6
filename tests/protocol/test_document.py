"""docs/protocol.md says all that the code says: every frame, header key, close code and bound, and its examples are right."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from peek_trio import errors
from peek_trio.frontend import live_sessions
from peek_trio.frontend.cookies import COOKIE
from peek_trio.frontend.front_door import VORTEX
from peek_trio.frontend.visitor import PATIENCE
from peek_trio.security import Principal
from peek_trio.transport import Switchboard, acts, dispatch, exchange
from peek_trio.transport.calls import caller, contract
from peek_trio.transport.observables import body, delta, history
from peek_trio.transport.wire import (
    PROTOCOL,
    Hello,
    Limits,
    LinkTiming,
    handshake,
    outbox,
    pack,
    parts,
    redial,
    unpack,
    upgrade,
)
from peek_trio.tuples import TupleRegistry, digest
from peek_trio.tuples.plain import DEEPEST
from tests.protocol.document import (
    TEXT,
    blocks,
    close_codes_in_code,
    documented_frames,
    examples,
    frames_in_code,
    keys_in_code,
    kinds_in_code,
    named,
    table,
)

WORDS = re.sub(r"\s+", " ", TEXT)
KIB, MIB = 1024, 1024 * 1024


def size(count: int) -> str:
    """Bytes as the document writes them."""
    return f"{count // MIB} MiB" if count % MIB == 0 else f"{count // KIB} KiB"


@pytest.fixture
def kinds() -> set[str]:
    """Every kind of frame that there is."""
    board = Switchboard(Hello("server", "s"), TupleRegistry(), principal=Principal.for_service("server", "s"))
    return kinds_in_code() | set(board._dispatcher._kinds) | parts.WHOLE


def test_every_kind_of_frame_has_a_row(kinds: set[str]) -> None:
    assert {"hello", "welcome", "refuse", "call", "pong", "delta", "part"} <= kinds  # the search finds what there is
    assert kinds - set(documented_frames()) == set()


def test_no_row_is_about_a_frame_that_does_not_exist(kinds: set[str]) -> None:
    rows = {kind for kind, names in documented_frames().items() if names & {"i", "n", "c", "protocol", "reason"}}
    assert len(rows) > 15
    assert rows - kinds == set()


@pytest.mark.parametrize("kind", sorted(frames_in_code()))
def test_the_row_of_a_frame_has_every_key_with_which_it_is_made(kind: str) -> None:
    assert frames_in_code()[kind] - documented_frames().get(kind, set()) == set()


def test_every_key_of_a_header_is_named() -> None:
    assert {"have", "both", "z", "spread", "end", "w"} <= keys_in_code()
    assert keys_in_code() - named() - {"k"} == set()


def test_every_close_code_has_a_row() -> None:
    codes, never_sent = close_codes_in_code(), {1005, 1006}
    assert {1001, 1003, 1012, 1013} <= codes
    rows = set(map(int, re.findall(r"^\| (1\d\d\d) \|", TEXT, re.MULTILINE)))
    assert codes - never_sent - rows == set()


def test_the_bounds_are_those_of_the_code() -> None:
    service, device = Limits.SERVICE, Limits.DEVICE
    assert table("Bounds") == {
        "a message": [size(service.message), size(device.message)],
        "a frame": [size(service.frame), size(device.frame)],
        "a header": [size(service.header), size(device.header)],
        "levels of JSON in a header": [str(service.depth), str(device.depth)],
        "the first message (`hello`) and its header": [size(Limits.HELLO.message), size(Limits.HELLO_DEVICE.message)],
    }
    assert (Limits.HELLO.header, Limits.HELLO_DEVICE.header) == (Limits.HELLO.message, Limits.HELLO_DEVICE.message)


FIGURES = {
    "the path": f"at the path `{VORTEX}`",
    "the cookie": f"the session cookie `{COOKIE}`",
    "an upgrade": f"at most {size(upgrade.MOST_HEAD)}; request, upgrade and hello together have {PATIENCE:g} s",
    "a message": f"should end a message once it has {size(outbox.BATCH)}",
    "a large frame": f"A frame of more than {size(parts.LARGE)} travels in **parts**",
    "a part": f"slices of at most {size(parts.PART)}",
    "the bytes of a part": f"1 to {parts.PART:,} bytes",
    "lanes": f"`c` lane (1 to {parts.LANES})",
    "requests in flight": f"At most {exchange.MOST_IN_FLIGHT} calls, actions and messages may be open",
    "the version": f"`protocol` ({PROTOCOL})",
    "the shortest wait": f"a random time from {redial.SHORTEST:g} s to `spread`",
    "the longest wait": f"up to {redial.LONGEST:g} s",
    "after a refusal": f"try again after {redial.AFTER_REFUSAL:g} s",
    "silence": f"after {LinkTiming.SERVICE.idle:g} s (on a device's link: {LinkTiming.DEVICE.idle:g} s) without hearing anything",
    "an answer to a ping": f"silent for {LinkTiming.SERVICE.answer:g} s after a ping",
    "who vanishes": f"within {LinkTiming.SERVICE.idle + LinkTiming.SERVICE.answer:g} s",
    "who does not read": f"within {LinkTiming.DEVICE.send:g} s, or a queue without room for {LinkTiming.DEVICE.room:g} s",
    "room": f"`n` (1 to {exchange.MOST_ROOM:,})",
    "deadlines": f"{contract.DEFAULT_TIMEOUT:g} if it is missing, at most {contract.LONGEST_TIMEOUT:,.0f}",
    "our window": f"Ours grant {caller.WINDOW}, and {caller.WINDOW // 2} more whenever they have taken {caller.WINDOW // 2}",
    "a sentence": f"at most {errors.LONGEST_MESSAGE} characters",
    "selectors": f"at most {dispatch.LARGEST_SELECTOR:,} characters together",
    "subscriptions": f"A device may have {dispatch.MOST_SUBSCRIPTIONS} subscriptions, a service {dispatch.MOST_OF_A_SERVICE:,}",
    "compression": f"from {body.COMPRESS_FROM} bytes on, and may inflate to at most {size(body.INFLATE_LIMIT)}",
    "deltas": f"`parts` lists them, at most {history.MOST_DELTAS}",
    "names of actions": f"have 1 to {acts.LONGEST_NAME} characters, `key` at most {acts.LONGEST_NAME}",
    "depth": f"JSON nests at most {DEEPEST} levels",
}


@pytest.mark.parametrize("what", FIGURES)
def test_a_figure_is_that_of_the_code(what: str) -> None:
    assert FIGURES[what] in WORDS


def test_both_ends_of_a_device_link_ping_after_the_same_time() -> None:
    assert inspect.signature(handshake.accept_link).parameters["hello_within"].default == PATIENCE
    assert (LinkTiming.SERVICE.answer, LinkTiming.SERVICE.send) == (LinkTiming.DEVICE.answer, LinkTiming.DEVICE.send)


def test_every_error_that_keeps_its_kind_has_a_row() -> None:
    kinds = re.findall(r"^\| (`[A-Z]\w+`(?:, `\w+`)*)", TEXT, re.MULTILINE)
    rows = {name for row in kinds for name in re.findall(r"`(\w+)`", row)}
    assert set(errors._REBUILT) | {"Unavailable", "TupleError", "RemoteError"} <= rows


def test_every_code_of_a_refusal_and_every_status_of_an_action_is_told() -> None:
    stated = re.search(r"`code` is one of (.*?);", inspect.getdoc(errors.LinkRefused) or "")
    assert stated
    for code in re.findall(r'"([\w-]+)"', stated[1]):
        assert f"| `{code}` |" in TEXT
    for status in acts.ActionStatus.__args__:  # type: ignore[attr-defined]
        assert f"| `{status}` |" in TEXT
    assert live_sessions._RESTART == 1012


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.header[:40])
def test_an_example_is_a_frame(example: object) -> None:
    (frame,) = unpack(example.message)  # type: ignore[attr-defined]
    assert pack([frame]) == example.message  # type: ignore[attr-defined]
    assert set(frame.header) <= documented_frames()[frame.kind]


def test_the_examples_in_bytes_are_those_in_words() -> None:
    (dump,) = blocks("hex")
    first, second, *_ = examples()
    assert bytes.fromhex(dump) == first.message + second.message


def test_every_kind_that_a_device_sends_or_is_sent_has_an_example() -> None:
    shown = {json.loads(example.header)["k"] for example in examples()}
    assert {
        "hello",
        "welcome",
        "call",
        "res",
        "err",
        "item",
        "more",
        "sub",
        "state",
        "delta",
        "same",
        "act",
        "ack",
        "msg",
    } <= shown


def test_the_example_of_a_delta_leads_from_the_old_rows_to_the_new_ones() -> None:
    (text,) = blocks("delta")
    said = {line.partition(" ")[0]: line.partition(" ")[2].strip().encode() for line in text.splitlines()}
    assert delta.apply(said["delta"], said["old"]) == said["new"]


def test_the_digests_in_the_conversation_are_right() -> None:
    first = next(one for one in examples() if json.loads(one.header)["k"] == "state")
    second = next(one for one in examples() if json.loads(one.header)["k"] == "delta")
    assert json.loads(first.header)["dig"] == digest(first.body) == json.loads(second.header)["base"]
    assert json.loads(second.header)["dig"] == digest(delta.apply(second.body, first.body))
    assert json.loads(second.header)["parts"] == [[len(second.body), 0]]
