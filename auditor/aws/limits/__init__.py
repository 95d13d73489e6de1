"""How much is asked of AWS at once and again: rates, slots, retries, liveness, outages."""
