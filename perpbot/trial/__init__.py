"""Trials of venues: the same checks at each, through its adapter alone."""
