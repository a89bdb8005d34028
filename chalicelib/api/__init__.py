"""The HTTP edge: requests become values of the domain, and results and errors become answers."""
