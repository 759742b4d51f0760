"""What Prometheus reads: `render` for whoever serves it, the catalogue of all metrics, and a listener of its own."""

from perpbot.metrics.rendering import CONTENT_TYPE, render

__all__ = ["CONTENT_TYPE", "render"]
