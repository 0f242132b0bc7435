"""What a run leaves behind: captured, cleaned of secrets, and kept."""
