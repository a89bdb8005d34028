"""One file a status: which step it asks for, and what each answer of the outside means."""
