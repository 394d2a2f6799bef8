"""What the task queue calls for the project as a whole."""
