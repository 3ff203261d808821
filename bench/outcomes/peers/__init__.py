"""One program for each library, as its documentation shows it; each runs in a process of its own (`serving`)."""
