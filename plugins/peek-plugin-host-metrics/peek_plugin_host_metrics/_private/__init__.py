"""Everything that only this plugin uses."""
