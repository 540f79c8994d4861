"""`python -m segment_pendo` is `segment-pendo`."""

from segment_pendo.cli import main

main(prog_name="segment-pendo")
