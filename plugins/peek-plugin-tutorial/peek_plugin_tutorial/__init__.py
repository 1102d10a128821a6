"""The tutorial plugin: strings and whole numbers, on every service. Start reading at `README.md`."""

__version__ = "0.1.0"
