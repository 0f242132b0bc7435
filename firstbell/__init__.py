"""First Bell: synthetic students and teachers that go to class before the real ones do."""
