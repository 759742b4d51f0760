"""A webhook's other end, to see alerts without a phone; docs/alerts.md. Run it: python3 docs/examples/receiver.py."""  # noqa: INP001

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    """Prints what it is sent."""

    def do_POST(self) -> None:
        """Take one message."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(f"[{message['severity']}] {message['title']}\n{message['text']}\n", flush=True)  # noqa: T201
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """No line for each request: the messages are enough."""


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9900), Receiver) as server:
        print(f"Messages to http://127.0.0.1:{server.server_port} are shown here; Ctrl-C ends it.", flush=True)  # noqa: T201
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(130)
