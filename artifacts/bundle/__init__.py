"""What is handed to somebody else: a page to read, the files behind it, and the means to check that nothing changed."""
