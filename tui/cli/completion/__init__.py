"""Completion in bash, zsh and fish: the script that a shell loads, and what the program answers it."""
