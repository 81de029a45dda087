"""Files that people send: taken in, stored once each, worked on in the background, given to owners and readers."""
