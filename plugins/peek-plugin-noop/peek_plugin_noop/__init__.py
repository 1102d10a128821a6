"""The plugin that does nothing, on every service and site, and so proves that each is alive."""

__version__ = "0.1.0"
