"""`python -m benchmarks.doctor make --data PATH` trains; `score` and `published --cases PATH` count."""

import argparse
from pathlib import Path


def main() -> None:
    """Parse and call."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="train what has no history yet (over an hour on one core)")
    make.add_argument("--data", help="CIFAR-100 in any published form; else looked for")
    make.add_argument("--only", default="", help="cases whose name has this in it")
    commands.add_parser("score", help="precision and recall, written into docs/doctor.md")
    published = commands.add_parser("published", help="published histories with their readings, likewise")
    published.add_argument("--cases", type=Path, required=True, help="the folder with readings.csv")
    options = parser.parse_args()
    if options.command == "make":
        from benchmarks.doctor.make import make as make_histories

        make_histories(options.data, options.only)
    elif options.command == "published":
        from benchmarks.doctor.published import write_published

        write_published(options.cases)
    else:
        from benchmarks.doctor.score import write_score

        write_score()


if __name__ == "__main__":
    main()
