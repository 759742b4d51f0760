"""Simulated venues: one matching engine, a market that looks like one, and the venues' own dialects."""
