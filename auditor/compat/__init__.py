"""The script that this package replaces, as functions."""
