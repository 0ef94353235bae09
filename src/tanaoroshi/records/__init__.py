"""The nouns: frozen dataclasses that travel between the stages. They compute nothing."""
