"""What the command's exit code says, beside 0 for done and 1 for what is not possible here."""

EXIT_USER = 2  # something the user can put right
EXIT_INTERRUPTED = 130  # as a shell says it of Ctrl+C
