"""`perpbot awake`: the processors of this machine do not sleep while it runs."""

import signal

import click

from perpbot.cli.asking import Failure


@click.command()
def awake() -> None:
    """Keep the processors of this machine from sleeping until this is ended, by Ctrl-C for instance.

    Orders leave sooner then, and the machine uses as much power as if it worked all the time. Needs root.
    docs/deployment.md says when it is worth it.
    """
    from perpbot.awake import AwakeError, kept_awake

    ends = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        with kept_awake():
            click.echo("No processor sleeps until this ends.")
            signal.sigwait(ends)
    except AwakeError as error:
        raise Failure(str(error)) from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
