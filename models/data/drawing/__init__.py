"""The drawing kit of the demo sets: paths, pen, palette, styles and scenes, on skia-python."""
