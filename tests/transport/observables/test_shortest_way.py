"""The fewest items that go and come are found, or none at all."""

from hypothesis import given
from hypothesis import strategies as st

from peek_trio.transport.observables.shortest_way import shortest_way

items = st.lists(st.sampled_from("abc"), max_size=12)


def longest_common(old, new):
    """The length of a longest common subsequence, by the textbook."""
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row, was in enumerate(old):
        for column, now in enumerate(new):
            lengths[row + 1][column + 1] = (
                lengths[row][column] + 1 if was == now else max(lengths[row][column + 1], lengths[row + 1][column])
            )
    return lengths[-1][-1]


@given(items, items)
def test_as_many_items_stay_as_can(old, new):
    found = shortest_way(old, new, 24)
    assert found is not None
    stay_old, stay_new = found
    assert [old[place] for place in sorted(stay_old)] == [new[place] for place in sorted(stay_new)]
    assert len(stay_old) == len(stay_new) == longest_common(old, new)


@given(items, items, st.integers(0, 8))
def test_it_gives_up_exactly_when_there_are_more_edits_than_it_may_look_for(old, new, most):
    edits = len(old) + len(new) - 2 * longest_common(old, new)
    assert (shortest_way(old, new, most) is None) == (edits > most)
