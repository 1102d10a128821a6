"""What a plugin's context can do, one ability a module. Each adapts the plugin's plain functions to the room that does the work."""
