"""What a command's exit code says, beside 1 for what is not possible here; `solve` notes one for each movie."""

EXIT_DONE = 0
EXIT_USER = 2  # something the user can put right
EXIT_FAILED = 3  # of many movies, one at least; or a movie that ends early
EXIT_TAKEN = 75  # another process is at it: try again later, as sysexits' EX_TEMPFAIL says
EXIT_INTERRUPTED = 130  # as a shell says it of Ctrl+C
