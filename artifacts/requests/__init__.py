"""Reading of requests and answers: waits on purpose, and the words of error bodies."""
