"""How is a score told to a person? Words in six languages, a waterfall, what would change it, what to ask next."""
