"""The artefact that is deployed: how it is made from the checkout, how big it may be, how fast it is imported.

`build.py` is the order of the steps; every other file is one of them. Nothing here is imported by the product.
"""
