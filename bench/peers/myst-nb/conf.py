"""Notebooks in a Sphinx site, executed through jupyter-cache."""

extensions = ["myst_nb"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
