"""A `Table` in one DynamoDB table; import it only where it is used, because PynamoDB takes its time to load."""

from chalicelib.adapters.dynamo_table.table import DynamoTable

__all__ = ["DynamoTable"]
