"""Commands of `sandhan`, one file each; `api/cli.py` gathers them."""
