"""Plans, orders and trades: pure state machines."""
