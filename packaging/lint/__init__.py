"""What must hold of a packaged template, beyond what the linter knows: `check_template.py` and tests call it.

Each file is one kind of rule and yields a sentence per problem; `resolved.py` reads a template as CloudFormation will.
"""
