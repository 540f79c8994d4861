"""Small things that know nothing of Segment or Pendo: JSON as JavaScript has it, times, hosts, headers,
prose, errors.
"""
