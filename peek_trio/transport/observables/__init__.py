"""Observables: a watched state and those who watch it, fed by a provider here or relayed from the server further up."""
