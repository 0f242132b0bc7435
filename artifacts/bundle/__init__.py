"""Evidence bags for other people: a page to read, the files behind it, and hashes and a signature to check them."""
