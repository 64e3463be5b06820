"""The window and the one command line `livedouble`."""
