"""PerpBot: cross-exchange perpetual-futures arbitrage, built from supervised actors."""

__version__ = "0.1.0"
