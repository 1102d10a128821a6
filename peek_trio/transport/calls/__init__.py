"""Calls (RPC): contracts, the side that answers, the side that asks, and calls within one service."""
