"""Watches the machines that agents run on: samples, thresholds, alarms. Start reading at `_private/server.py`."""

__version__ = "0.1.0"
