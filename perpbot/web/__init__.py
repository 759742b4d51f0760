"""The web console and its API: HTTP under gevent, one definition for routes, validation and OpenAPI.

server       the listener and its actor; timeouts and bounds of connections
application  from a request to a route and back: tokens, scopes, origins, bodies, problems
route        what a route is; openapi: the description of all of them
operator     the password, and the key that tokens are signed with; tokens, attempts: signing in
reading, trading, logs, settings, streams    the routes
console      the files of the console
"""
