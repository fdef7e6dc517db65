"""What the commands of the local stack print and do, one module each."""
