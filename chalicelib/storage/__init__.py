"""How values become items of one table: the ports of storage, written once over the `Table` that adapters provide."""
