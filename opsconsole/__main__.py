"""The program's entry: hand over to the command line."""

import sys


def main() -> None:
    """Run the command line; without a word on it there is none to read, and the screen opens at once."""
    from opsconsole.cli.screen import has_screen

    if not sys.argv[1:] and has_screen():
        from opsconsole.cli.screen import open_plainly

        sys.exit(open_plainly())
    from opsconsole.cli.main import cli  # the screen and the verbs import late, each what it needs

    cli.main(prog_name="opsconsole")


if __name__ == "__main__":
    main()
