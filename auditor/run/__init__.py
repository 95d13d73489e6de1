"""A whole audit: the accounts listed, audited, asked again, handed to the writers and counted."""
