"""The four levels every order passes."""
