"""Files of calls, line by line: which files, packed or not, what a line is, what it maps to."""
