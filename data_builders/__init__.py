"""What goes in: rows."""
