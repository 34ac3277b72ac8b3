"""HTTP on this machine: the dashboard as a page of its own, and jobs over REST."""
