"""One verb a file; `ccc/cli.py` lists them."""
