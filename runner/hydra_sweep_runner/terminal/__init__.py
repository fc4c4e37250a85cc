"""What is printed: values and lines as text (`render`), tables, progress, the console."""
