"""Completion in bash, which takes `--set training.optimizer=ad` for three words."""

import os

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string


class Bash(BashComplete):
    """bash breaks words at `=`: they are joined before completing, and only the part after it is offered."""

    # No space after `KEY=`, since its value comes next.
    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", '[[ "$value" == *= ]] && compopt -o nospace; COMPREPLY+=($value)'
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_WORDS"])
        upto = int(os.environ["COMP_CWORD"]) + 1
        joined: list[str] = []
        for word in words[1:upto]:
            if joined[-2:-1] in (["--set"], ["--vary"]) and (word == "=" or joined[-1].endswith("=")):
                joined[-1] += word
            else:
                joined.append(word)
        if len(words) < upto and not (joined and joined[-1].endswith("=")):
            joined.append("")  # a new word begins
        return joined[:-1], joined[-1]

    def format_completion(self, item: CompletionItem) -> str:
        name, sign, value = str(item.value).partition("=")
        return f"{item.type},{value if sign and value else name + sign}"


def register() -> None:
    """Have click complete for bash as above."""
    add_completion_class(Bash)
