"""Files of outputs, ours and other projects', each read into records: what it says of its row, and what was generated."""
