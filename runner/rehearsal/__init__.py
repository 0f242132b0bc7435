"""A rehearsal: many synthetic people in one class at once, and a go or no-go that says what it rests on."""
