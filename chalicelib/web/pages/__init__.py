"""The product's pages: what a person reads in a browser. Rendering and wording; no decision, no store, no HTTP."""
