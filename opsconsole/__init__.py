"""opsconsole: live hosts, services and alerts in one terminal, with runbooks from the keyboard."""

__version__ = "0.1.0"
