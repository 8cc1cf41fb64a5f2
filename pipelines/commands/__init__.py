"""The command line, one subcommand a file: each adds its own parser and runs it."""
