"""What an instance is: values and rules, with the standard library only."""
