"""The proof that system `objects` loses nothing and does nothing twice, whatever fails."""
