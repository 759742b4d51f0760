"""What every surface shows, section by section: JSON-able rows keyed by id, and the differences between two moments."""
