"""The program's entry: hand over to the command line."""


def main() -> None:
    """Run the command line."""
    from opsconsole.cli.main import cli  # the screen and the verbs import late, each what it needs

    cli.main(prog_name="opsconsole")


if __name__ == "__main__":
    main()
