"""HTTP on this machine: the dashboard as a page of its own."""
