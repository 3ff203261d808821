"""The operator's command line: a client of the app's operator routes, so that it reports what the app itself sees."""
