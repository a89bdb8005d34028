"""What the product does: one verb a file. Everything outside is reached through `ports/`."""
