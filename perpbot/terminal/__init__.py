"""What a running system shows in the terminal, and the options it is started with."""
