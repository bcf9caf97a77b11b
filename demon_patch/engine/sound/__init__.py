"""From latents to sound and from sound files to sources: windows, crossfades, dry path, limiter, tempo, features."""
