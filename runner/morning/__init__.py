"""The first morning of online school, replayed: the diagnoses and notices that First Bell would have given."""
