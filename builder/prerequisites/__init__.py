"""What a machine must have before real servers are bought on it: looked at as a whole, each lack with its remedy.

`python -m builder.prerequisites` writes the findings of this checkout as JSON. One box asks the same before it starts.
"""
