"""The actor runtime, and the actors PerpBot is made of."""
