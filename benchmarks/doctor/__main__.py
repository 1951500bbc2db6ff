"""`python -m benchmarks.doctor make --data PATH` trains; `python -m benchmarks.doctor score` counts."""

import argparse


def main() -> None:
    """Parse and call."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="train what has no history yet (over an hour on one core)")
    make.add_argument("--data", help="CIFAR-100 in any published form; else looked for")
    make.add_argument("--only", default="", help="cases whose name has this in it")
    commands.add_parser("score", help="precision and recall, written into docs/doctor.md")
    options = parser.parse_args()
    if options.command == "make":
        from benchmarks.doctor.make import make as make_histories

        make_histories(options.data, options.only)
    else:
        from benchmarks.doctor.score import write_score

        write_score()


if __name__ == "__main__":
    main()
