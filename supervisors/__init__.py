"""Supervisors: who starts what, and what happens when it fails."""
