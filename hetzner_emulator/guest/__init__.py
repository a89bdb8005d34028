"""The guest side of an installed server: shells in a sandbox and sftp in the home."""
