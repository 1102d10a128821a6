"""Errors keep their kind and their sentence on the way to the other side, and leave everything else at home."""

import pytest

from peek_trio import errors
from peek_trio.errors import (
    CallError,
    LinkLost,
    NotAllowed,
    PeekError,
    PluginError,
    Rejected,
    RemoteError,
    TaskDied,
    TupleError,
    Unavailable,
    from_wire,
    to_wire,
)


@pytest.mark.parametrize(
    "kind",
    [
        "NotAllowed",
        "NoSuchEndpoint",
        "DeadlineExceeded",
        "Unavailable",
        "BadRequest",
        "Rejected",
        "Conflict",
        "DatabaseUnavailable",
        "StorageFull",
        "TaskTimeout",
    ],
)
def test_known_kinds_come_back_as_their_class(kind):
    error = from_wire(to_wire(getattr(errors, kind)("What happened.")))
    assert type(error).__name__ == kind
    assert str(error) == "What happened."


def test_a_tuple_error_keeps_its_path():
    error = from_wire(to_wire(TupleError("Expected int, got str.", path="$.rows[3].name")))
    assert isinstance(error, TupleError)
    assert error.path == "$.rows[3].name"
    assert str(error) == "$.rows[3].name: Expected int, got str."


def test_an_unavailable_keeps_whether_it_was_sent():
    for sent in False, True:
        error = from_wire(to_wire(from_wire(to_wire(Unavailable("Gone.", sent=sent)))))
        assert isinstance(error, Unavailable)
        assert error.sent is sent
    assert to_wire(Unavailable("Gone.")) == {"type": "Unavailable", "message": "Gone."}


def test_a_path_grows_from_within():
    assert TupleError("x", path="$[2]").within(".tags").within("[0]").path == "$[0].tags[2]"


def test_other_kinds_come_back_as_remote_errors_that_name_them():
    error = from_wire(to_wire(PluginError("It cannot start.", plugin="peek_plugin_noop", phase="start")))
    assert isinstance(error, RemoteError)
    assert (error.kind, str(error)) == ("PluginError", "It cannot start.")


def test_a_relayed_remote_error_keeps_its_first_kind():
    error = from_wire(to_wire(from_wire(to_wire(LinkLost("Gone.")))))
    assert isinstance(error, RemoteError)
    assert error.kind == "LinkLost"


def test_an_exception_of_somebody_else_is_named_without_its_traceback():
    try:
        raise KeyError("a key") from ValueError("the cause")
    except KeyError as error:
        data = to_wire(error)
    assert data == {"type": "RemoteError", "message": "KeyError: 'a key'"}


def test_a_group_of_one_is_the_one():
    assert to_wire(ExceptionGroup("nursery", [ExceptionGroup("inner", [Rejected("No.")])])) == {
        "type": "Rejected",
        "message": "No.",
    }


@pytest.mark.parametrize(
    "data",
    [{}, {"type": 5, "message": None}, {"type": "NotAllowed"}, {"type": "TupleError", "message": "x", "path": 3}],
)
def test_what_is_no_proper_error_is_still_an_error_with_a_sentence(data):
    assert str(from_wire(data))


def test_a_message_is_bounded():
    assert len(from_wire({"type": "Rejected", "message": "x" * 1_000_000}).message) == errors.LONGEST_MESSAGE
    assert len(to_wire(Rejected("x" * 1_000_000))["message"]) == errors.LONGEST_MESSAGE


def test_fields_beside_the_message_are_named():
    died = TaskDied("The process was killed.", signal=9)
    assert (died.exit_code, died.signal) == (None, 9)
    assert (LinkLost("x").code, LinkLost("x", code=1012).code) == (1006, 1012)


def test_every_error_has_one_root_and_a_meaning():
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type):
            assert issubclass(kind, PeekError)
            assert kind.__doc__
    assert issubclass(NotAllowed, CallError)
