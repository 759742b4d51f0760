"""What trading is about: instruments, quotes, books, orders, fills, positions, money. Immutable values, no I/O."""
