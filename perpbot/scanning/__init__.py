"""Finding differences in price and funding that survive their costs."""
