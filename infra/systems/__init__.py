"""One component per system; a system knows the blocks and never another system."""
