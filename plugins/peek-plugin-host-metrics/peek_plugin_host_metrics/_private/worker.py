"""The part on the worker: the summary, a task of `reports`."""

from __future__ import annotations

from .reports import summarise_hours

__all__ = ["summarise_hours"]
