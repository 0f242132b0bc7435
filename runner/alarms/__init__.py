"""When people are told that something broke, who, in which words and by which way; and when nobody is."""
