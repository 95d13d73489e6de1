"""What is asked of an account: a collector per kind of fact."""
