"""The command line: every verb with JSON and exit codes a script can trust."""
