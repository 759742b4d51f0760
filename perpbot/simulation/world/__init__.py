"""A world on virtual time: gevent's loop and the sockets replaced, everything else unchanged."""
