"""Run the snippets, keep what they made, and lend it to the pages. Never shipped in the wheel."""
