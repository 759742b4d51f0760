"""Positions, exposure and profit, from fills."""
