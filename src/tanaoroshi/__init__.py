"""Tanaoroshi takes stock of the latent space of an image-generation model."""
