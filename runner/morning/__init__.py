"""The first morning of online school, played again: what First Bell would have said, to whom, and when."""
