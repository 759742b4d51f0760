"""The components by name."""

COMPONENTS = {
    "runtime": "what a message, an actor and a failure cost",
    "trading": "from an opportunity to its orders, and from a fill to its hedge, with durable writes",
    "decoding": "what a frame of each venue costs",
    "books": "what a change of an order book costs, and reading it",
    "scanner": "comparing one quote with the other venues",
    "risk": "asking all rules about an opening",
    "journal": "durable writes, and reading everything back",
    "world": "the simulated world, and the whole program in it",
    "system": "the whole program at simulated venues, from a tick to its orders",
}
"""What each is about. It is measured by the function of this name in the module of this name."""
