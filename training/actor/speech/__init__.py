"""Speech: texts, their sounds and durations, tones of voice, and what all of it does to the mouth."""
