"""Where an address is between its first start and its last end."""

from enum import StrEnum


class State(StrEnum):
    """What `perpbot tree` shows of an address."""

    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    RESTARTING = "restarting"
    BACKING_OFF = "backing-off"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    UNKILLABLE = "unkillable"
