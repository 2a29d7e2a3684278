"""What is said: the gallery of templates, the editor, versions, the brand."""
