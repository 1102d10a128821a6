"""The services themselves: each one nursery that wires the lower rooms together, and `up`, which supervises all four.

Nothing here is imported by plugins; the command line starts everything through `process.run_service` and `up.run_up`.
"""
