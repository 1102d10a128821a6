"""Everything that only this plugin uses. Other plugins use the modules beside this folder."""
