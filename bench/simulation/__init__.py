"""A simulation of the pace: the app's own desks and rules on a virtual clock, between models of storage and Exchange."""
