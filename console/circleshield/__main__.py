"""`python -m circleshield`."""

from circleshield.cli import main

main()
