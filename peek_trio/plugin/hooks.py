"""Calls the hooks of one plugin at a time.

pluggy finds and checks the implementations. The calls are our own: pluggy's would run every plugin's, stop at the first error, and
leave coroutines unawaited.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pluggy
import trio

from peek_trio import hookspecs
from peek_trio.errors import PluginError

__all__ = ["Hooks"]


class Hooks:
    """The hook implementations of the plugins of one service."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    async def load(self, plugin: str, module: str) -> None:
        """Import a plugin's module, in a thread because it may be slow, and take up its hooks.

        Raises PluginError when a marked function is no hook or takes something else than the context, and whatever the import raises.
        """
        part = await trio.to_thread.run_sync(import_module, module, abandon_on_cancel=True)
        try:
            self._manager.register(part, name=plugin)
        except pluggy.PluginValidationError as error:
            self._manager.unregister(name=plugin)
            raise PluginError(str(error), plugin=plugin, phase="import") from None
        for caller in self._manager.get_hookcallers(part) or ():
            if not caller.has_spec():
                self._manager.unregister(name=plugin)
                raise PluginError(
                    f"{module}.{caller.name} is marked as a hook but is none; there are {', '.join(hookspecs.HOOKS)}.",
                    plugin=plugin,
                    phase="import",
                )

    async def call(self, plugin: str, hook: str, context: object) -> None:
        """Call one hook ("peek_start") of one plugin, if it has it, and wait for it."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name == plugin:
                arguments = (context,) if implementation.argnames else ()
                outcome: Any = implementation.function(*arguments)
                if inspect.isawaitable(outcome):
                    await outcome
