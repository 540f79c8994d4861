"""What the shop's tests share. The name is the shop's own; segment-pendo has a folder of that name, too."""
