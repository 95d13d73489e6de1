"""How a request crosses the wire: verified, signed, sent."""
