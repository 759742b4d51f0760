"""What the parts of PerpBot cost on this machine."""
