"""One account: what it is asked, and the one bulkhead round it."""
