"""Ways to tell somebody: services by apprise, webhooks, and a sound. All of them wait for the network or a process."""
