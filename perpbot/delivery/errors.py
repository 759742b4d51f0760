"""Why a message did not reach anybody."""


class DeliveryError(Exception):
    """A message was not delivered; the text says why, and holds no secret."""


class ChannelError(Exception):
    """A channel cannot be used as configured; the text says which, why, and what to do."""
