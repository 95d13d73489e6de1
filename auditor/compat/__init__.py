"""The script that this package replaces: its functions, and its own command line."""
