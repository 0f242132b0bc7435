"""Media proof: signed cameras, and what shows that picture and sound of this actor reach that one, now."""
