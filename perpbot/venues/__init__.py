"""One module a venue: its wire format on one side, PerpBot's model on the other."""
