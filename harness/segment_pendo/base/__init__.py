"""Small things that know nothing of Segment or Pendo: JSON, times, hosts, headers, prose, errors."""
