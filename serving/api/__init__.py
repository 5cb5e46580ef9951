"""The HTTP interface: published lists as they stand in the ledger, nothing computed anew."""
