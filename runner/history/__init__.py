"""What has run, and what came of it: the rows that outlive every process."""
