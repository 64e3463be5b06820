"""The one command line, `livedouble`: one file per command, imported when it is asked for."""
