"""The whole program in a simulated world full of trouble, and what must be true of it all the same."""
