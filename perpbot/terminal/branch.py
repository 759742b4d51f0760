"""What an actor is called where a tree of them is drawn."""


def branch(address: str, parent: str | None) -> str:
    """What an actor is called in a tree below `parent`: its name, or its `address` where the parent's is no part of it.

    So a line of a tree that begins with a slash is an address, and the names below are added to it.
    """
    above, _, name = address.rpartition("/")
    return name if above == parent else address
