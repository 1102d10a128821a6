"""The fewest items that must go and come to make one sequence of another, when they are few (Myers 1986, "An O(ND) difference algorithm").

It is for sequences with equal items, of which nobody can tell at a glance which one stayed.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["shortest_way"]


def shortest_way(old: Sequence[object], new: Sequence[object], most: int) -> tuple[set[int], set[int]] | None:
    """The positions, in both, of the items that stay. None when more than `most` items must go or come, both counted together."""
    furthest: dict[int, int] = {
        1: 0
    }  # by diagonal (position in old minus position in new): how far in old that many edits lead
    steps: list[dict[int, int]] = []
    for edits in range(most + 1):
        steps.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            place = _after_edit(furthest, diagonal, edits)
            while place < len(old) and 0 <= place - diagonal < len(new) and old[place] == new[place - diagonal]:
                place += 1
            furthest[diagonal] = place
            if place >= len(old) and place - diagonal >= len(new):
                return _staying(steps, len(old), len(new))
    return None


def _after_edit(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """How far in old the last edit leads on a diagonal: an item that came (from the diagonal above) or one that is gone."""
    if diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]):
        return furthest[diagonal + 1]
    return furthest[diagonal - 1] + 1


def _staying(steps: list[dict[int, int]], in_old: int, in_new: int) -> tuple[set[int], set[int]]:
    """Walks back from the end; what is between two edits stays."""
    stay_old: set[int] = set()
    stay_new: set[int] = set()
    for edits in range(len(steps) - 1, -1, -1):
        furthest, diagonal = steps[edits], in_old - in_new
        after_edit = _after_edit(furthest, diagonal, edits)
        stay_old.update(range(after_edit, in_old))
        stay_new.update(range(after_edit - diagonal, in_new))
        if diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]):
            in_old, in_new = after_edit, after_edit - diagonal - 1
        else:
            in_old, in_new = after_edit - 1, after_edit - diagonal
    return stay_old, stay_new
