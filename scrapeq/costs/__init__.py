"""What a question to a language model costs: tokens of a text, and the price of a model."""
