"""The control socket: how the command line looks into, and steers, a running system."""
