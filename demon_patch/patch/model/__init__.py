"""The document as frozen structs: graphs, definitions, canvas, dashboard, and the patch as it runs."""
