"""`python -m hundred` is `hundred`."""

import signal


def run() -> None:
    """The command line. Ctrl-C before it is ready ends the process at once, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from hundred.cli.main import main

    main()


if __name__ == "__main__":
    run()
