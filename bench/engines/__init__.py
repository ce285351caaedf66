"""What is measured: the engine of Congress and its peers, behind one protocol."""
