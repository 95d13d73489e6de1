"""The command line: options in, exit code out; what they do is done elsewhere."""
