"""The actions of this plugin: what a person may ask to be done, as data. A device keeps them while it is offline and sends them later."""

from __future__ import annotations

import attrs

from peek_trio import tuple_type


@tuple_type("peek_plugin_tutorial.AddIntValue")
@attrs.frozen
class AddIntValue:
    """Add `offset` to the number of one row; a negative offset takes away."""

    string_int_id: int
    offset: int


@tuple_type("peek_plugin_tutorial.ToggleCapitals")
@attrs.frozen
class ToggleCapitals:
    """Write the string of one row in capitals, or back in small letters."""

    string_int_id: int


@tuple_type("peek_plugin_tutorial.Total")
@attrs.frozen
class Total:
    """What the worker's task found in the whole table."""

    rows: int
    letters: int
    sum: int
