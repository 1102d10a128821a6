"""Gauges that can be read and set, for tests of what happens when something fails."""
