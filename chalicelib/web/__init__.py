"""What people read: the letters and the pages. Plain words, no decisions."""
