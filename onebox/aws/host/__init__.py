"""Lambda's side of one function: a process that forks environments, which load the packaged code and carry it out.

Standard library alone, since the packaged code must find nothing here but what was packaged with it.
"""
