"""Pools and reservations."""
