"""Simulated venues, and a simulated world to run the whole program in."""
