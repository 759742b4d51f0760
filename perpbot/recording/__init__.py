"""Raw market data on disk: recorded, shown again, and traded on."""
