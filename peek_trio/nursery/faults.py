"""What a group of failures comes down to: its single faults, and the sentences that people are told."""

from collections.abc import Iterator

from peek_trio.errors import PeekError


def faults_of(error: BaseException) -> Iterator[BaseException]:
    """The single exceptions in a group, however deep; an exception that is no group is its own."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from faults_of(inner)
    else:
        yield error


def sentences_of(error: BaseException) -> list[str] | None:
    """The messages of a failure that consists of PeekErrors only, each once; None when there is anything else in it."""
    faults = list(faults_of(error))
    if not all(isinstance(fault, PeekError) for fault in faults):
        return None
    return list(dict.fromkeys(str(fault) for fault in faults))
