"""A plugin for pytest, to be named before nbval: the checks of notebooks and of JSON schemas know no IRI.

The package jsonschema loads the grammar of RFC 3987 wherever JupyterLab has brought it: 1.6 s of CPU in each
process of a run, for a format that neither a notebook nor a test has.
"""

import sys

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # which makes its import an ImportError
