"""YAML in, validated settings out, every mistake with its line."""
