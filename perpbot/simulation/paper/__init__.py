"""Paper trading: what real venues quote, filled by nobody but us. No order has a way to a venue."""
