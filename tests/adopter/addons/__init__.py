"""What can be added to an order. The name is the shop's own; segment-pendo has a folder of that name, too."""
