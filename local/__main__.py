"""`python -m local`: the five systems on one machine, without an AWS account."""

from local.cli import main

main()
