"""Scripts in a Sphinx site, which run when their text has changed."""

extensions = ["sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "/s[0-9]",
    "ignore_pattern": "_helper_mod",
    "abort_on_example_error": True,
    "parallel": True,  # as many as Sphinx's own -j
}
