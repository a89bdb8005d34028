"""What people read: the letters (and later the pages). Plain words, no decisions."""
